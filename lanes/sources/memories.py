"""Rows of memory tables, as pages of a project or as files of rows: JSON objects in, rows out.

Which column is which is a setting; a column that is missing is null.
"""

import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from math import isfinite
from typing import TYPE_CHECKING, Any

import orjson

from lanes.sources.claude.blocks import string
from lanes.sources.files import SourceFile
from lanes.sources.logs import verbose
from lanes.sources.logs.loosely import Json, number
from lanes.sources.logs.verbose import timed
from lanes.sources.rows import Rows, clean
from lanes.sources.vectors import Vector

if TYPE_CHECKING:
    import numpy as np

    from lanes.memories.settings import MemorySettings, Table

SCHEME = "supabase://"
GONE = "agp_gone"  # marks a record of ours: the row of this key is no longer there


def normalise(file: SourceFile, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a page or file, each record given with its ordinal."""
    from lanes.memories.settings import memory_settings

    settings, place = memory_settings(), place_of(file.path)
    table, reads = settings.tables()[file.kind], EDGE if file.kind == "memory_edge" else TURN
    shapes: dict[tuple[str, ...], Any] = {}
    for ordinal, record in records:
        if not isinstance(record, dict):
            continue
        here, key = (file.file_id, ordinal), [record.get(name) for name in table.key]
        name, gone = memory_id(place, key), record.get(GONE) is True
        rows.memory_versions.append((*here, name, place, key_text(key), gone))
        if gone:
            continue
        if file.kind == "log":
            verbose.add_record(rows, here, record, name)
            continue
        shape = tuple(record)
        if shape not in shapes:
            shapes[shape] = columns(table, reads, record)
        found = [read(record[at]) if at else None for at, read in shapes[shape]]
        if file.kind == "memory":
            rows.memories.append((*here, name, *found))
        else:
            rows.memory_edges.append((*here, name, *edge(found, place, settings)))


def place_of(path: str) -> str:
    """Return the table that a page or file holds rows of.

    >>> place_of("supabase://x.supabase.co/memory_turns/00000001.jsonl")
    'x.supabase.co/memory_turns'
    >>> place_of("/srv/export/memory_turns.jsonl")
    'memory_turns'
    """
    if path.startswith(SCHEME):
        return os.path.dirname(path)[len(SCHEME) :]
    return os.path.basename(path).removesuffix(".jsonl")


def key_text(key: Sequence[Any]) -> str:
    """Return the values of a key as text.

    >>> key_text([7, "ä"])
    '[7,"ä"]'
    """
    try:
        return orjson.dumps(key).decode()
    except TypeError:  # an integer beyond 64 bits, half an emoji
        return clean(repr(key))


def memory_id(place: str, key: Sequence[Any]) -> str:
    """Return the id of a row: a hash of where it stands and what names it there."""
    return blake2b(f"{place}\x1f{key_text(key)}".encode(), digest_size=8).hexdigest()


def columns(
    table: "Table", turns: Mapping[str, Callable[[Any], Any]], record: Json
) -> list[tuple[str | None, Callable[[Any], Any]]]:
    """Return, for rows of this one's columns, where each of ours stands and how it is read.

    The first of a column's names that the row has counts.
    """
    return [
        (next((name for name in table.columns.get(ours, ()) if name in record), None), reads)
        for ours, reads in turns.items()
    ]


def edge(found: Sequence[Any], place: str, settings: "MemorySettings") -> tuple[Any, ...]:
    """Return the columns of `memory_edges` in order; its ends are turns of the same project."""
    host = place.rpartition("/")[0]
    turns = "/".join(part for part in (host, settings.turns.table) if part)
    ends = (None if end is None else memory_id(turns, [end]) for end in found[:2])
    return (*ends, *found[2:])


def text_of(value: Any) -> str | None:
    """Return a text or a number as text; None for the rest.

    >>> text_of("x"), text_of(7), text_of(None), text_of({})
    ('x', '7', None, None)
    """
    if value is None or type(value) is str:
        return value or None
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return None


def embedding(value: Any) -> "list[float] | np.ndarray | None":
    """Return a vector, of any dimension: a list, or pgvector's text of one.

    >>> embedding("[0.5,1]"), embedding([1, 2]), embedding("[1,nan]"), embedding([1, "x"])
    ([0.5, 1], [1, 2], None, None)
    """
    if isinstance(value, Vector):
        return value.values
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(value, list) or not value:
        return None
    return value if {type(x) for x in value} <= {int, float} else None


def measured(value: Any) -> float | None:
    """Return a finite number, also one that stands in a string."""
    return value if value is None or (type(value) is float and isfinite(value)) else number(value)


def told(value: Any) -> Any:
    """Return a time as `parse_time` reads it."""
    return value if value is None or (type(value) is str and value[4:5] == "-") else timed(value)


# Our columns in the order of their tables, and how each is read.
TURN: dict[str, Callable[[Any], Any]] = {
    **dict.fromkeys(("conversation_id", "role"), text_of),
    "text": string,
    **dict.fromkeys(("phase", "domain", "task_type", "project", "content_hash"), text_of),
    **dict.fromkeys(("salience", "phase_confidence", "depth", "sibling_order"), measured),
    **dict.fromkeys(("homogeneity", "temporal", "complexity"), measured),
    **dict.fromkeys(("created_at", "updated_at", "deleted_at"), told),
    "embedding": embedding,
}
EDGE: dict[str, Callable[[Any], Any]] = {
    "parent_id": lambda value: value,
    "child_id": lambda value: value,
    "edge_type": text_of,
    **dict.fromkeys(("created_at", "deleted_at"), told),
}
