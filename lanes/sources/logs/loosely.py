"""Values as loggers write them, read for what they mean: any JSON in, a number or object out."""

import math
from collections.abc import Sequence
from typing import Any

import orjson

Json = dict[str, Any]


def first(record: Json, names: Sequence[str]) -> Any:
    """Return the value of the first spelling that holds one.

    >>> first({"a": None, "b": 0}, ("a", "b", "c"))
    0
    """
    return next((record[name] for name in names if record.get(name) is not None), None)


def as_json(value: Any) -> Json:
    """Return an object, also one that stands as JSON inside a string; else an empty one.

    >>> as_json('{"branch": "main"}'), as_json("main"), as_json([1])
    ({'branch': 'main'}, {}, {})
    """
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return {}
    return value if isinstance(value, dict) else {}


def number(value: Any) -> float | None:
    """Return a finite number, also one that stands in a string.

    >>> number("0.5"), number(float("nan")), number(True), number("much")
    (0.5, None, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        found = float(value)
    except (ValueError, OverflowError):
        return None
    return found if math.isfinite(found) else None


def count(value: Any) -> int | None:
    """Return how many: of a list its length, of a number itself.

    >>> count(["a", "b"]), count(3), count("4"), count({"a.py": "..."}), count(None)
    (2, 3, 4, 1, None)
    """
    if isinstance(value, list | dict):
        return len(value)
    found = number(value)
    return int(found) if found is not None and 0 <= found < 2**31 else None
