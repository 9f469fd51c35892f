"""Kinds, lengths and scripts of prompts, so that a sample of them can be spread over all."""

import json
import unicodedata
from collections import Counter, defaultdict
from collections.abc import Callable, Hashable, Sequence
from typing import Any, TypeVar

from train.harness.checks import Check, Json, fenced

T = TypeVar("T")
TYPES: dict[type, Any] = {
    bool: "boolean",
    int: "number",
    float: "number",
    str: "string",
    list: "array",
    dict: "object",
}


def script_of(text: str) -> str:
    """Return the script most letters of a text are of, as Unicode names it; `Common` for none.

    >>> script_of("ߒߞߏ means I say"), script_of("ߒߞߏ"), script_of("12 + 3"), script_of("日本語")
    ('Latin', 'Nko', 'Common', 'Cjk')
    """
    found = Counter(
        unicodedata.name(c, "Common ").split(" ")[0].title() for c in text if c.isalpha()
    )
    return found.most_common(1)[0][0] if found else "Common"


def kind_of(answer: str) -> str:
    """Return what form an answer has: json, code, list or prose.

    >>> kind_of('{"a": 1}'), kind_of("```python\\nx = 1\\n```")
    ('json', 'code')
    >>> kind_of("1. a\\n2. b"), kind_of("Yes.")
    ('list', 'prose')
    """
    if json_check(answer):
        return "json"
    if "```" in answer:
        return "code"
    marked = [line for line in answer.split("\n") if line.lstrip()[:2] in ("- ", "* ", "1.", "2.")]
    return "list" if len(marked) >= 2 else "prose"


def json_check(answer: str) -> Check | None:
    """Return the check that answers of the reference's JSON form pass; None when it has none."""
    try:
        value = json.loads(fenced(answer))
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict) or not value:
        return None
    return Json(type="json", keys={k: TYPES[type(v)] for k, v in value.items() if v is not None})


def length_of(text: str) -> str:
    """Return the bucket of a length in characters, by powers of four.

    >>> length_of("x" * 100), length_of("x" * 5000)
    ('64-255', '4096-16383')
    """
    low = 1
    while low * 4 <= len(text):
        low *= 4
    return f"{low}-{low * 4 - 1}"


def spread(items: Sequence[T], stratum: Callable[[T], Hashable], most: int) -> list[T]:
    """Return at most `most` items, taken in turn from each stratum; the order of items is kept.

    >>> spread(["a1", "a2", "a3", "b1"], lambda x: x[0], 2)
    ['a1', 'b1']
    """
    strata: dict[Hashable, list[int]] = defaultdict(list)
    for i, item in enumerate(items):
        strata[stratum(item)].append(i)
    turns = sorted(
        (turn, members[turn]) for members in strata.values() for turn in range(len(members))
    )
    return [items[i] for i in sorted(i for _, i in turns[:most])]
