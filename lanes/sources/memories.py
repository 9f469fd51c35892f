"""Rows of memory tables, as pages of a project or as files of rows: JSON objects in, rows out.

Which column is which is a setting; a column that is missing is null.
"""

import os
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from hashlib import blake2b
from itertools import groupby
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
WORDS = {str, type(None)}
Head = tuple[str, int, str]  # file, ordinal, memory's id
GONE = "agp_gone"  # marks a record of ours: the row of this key is no longer there


def normalise(file: SourceFile, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a page or file, each record given with its ordinal."""
    objects = (told for told in records if isinstance(told[1], dict))
    for shape, alike in groupby(objects, key=lambda told: tuple(told[1])):
        add_alike(file, shape, list(alike), rows)


def add_alike(
    file: SourceFile, shape: tuple[str, ...], told: list[tuple[int, Json]], rows: Rows
) -> None:
    """Append the rows of records of the same columns, a column at a time."""
    from lanes.memories.settings import memory_settings

    settings, place = memory_settings(), place_of(file.path)
    table = settings.tables()[file.kind]
    keys = [key_text([record.get(name) for name in table.key]) for _, record in told]
    heads = [(file.file_id, n, name_of(place, key)) for key, (n, _) in zip(keys, told, strict=True)]
    gone = [record.get(GONE) is True for _, record in told]
    rows.memory_versions += [
        (*head, place, *rest) for head, *rest in zip(heads, keys, gone, strict=True)
    ]
    there = [
        (head, record)
        for head, (_, record), is_gone in zip(heads, told, gone, strict=True)
        if not is_gone
    ]
    if file.kind == "log":
        for (file_id, ordinal, name), record in there:
            verbose.add_record(rows, (file_id, ordinal), record, name)
    elif file.kind == "memory":
        rows.memories += [(*head, *said) for head, said in read(there, table, TURN, shape)]
    else:
        rows.memory_edges += [
            (*head, *edge(said, place, settings)) for head, said in read(there, table, EDGE, shape)
        ]


def read(
    there: list[tuple[Head, Json]],
    table: "Table",
    ours: Mapping[str, Callable[[Any], Any]],
    shape: tuple[str, ...],
) -> Iterator[tuple[Head, tuple[Any, ...]]]:
    """Yield what each record says in our columns, in their order, after what it is called."""
    found = [
        column([record[at] for _, record in there], reads) if at else [None] * len(there)
        for at, reads in columns(table, ours, shape)
    ]
    heads = (head for head, _ in there)
    return zip(heads, zip(*found, strict=True), strict=True)


def column(values: list[Any], reads: Callable[[Any], Any]) -> Iterable[Any]:
    """Return the values of a column as they are read; of nothing but words, at once.

    >>> list(column(["a", None], text_of)), list(column(["", 7], text_of))
    (['a', None], [None, '7'])
    """
    if reads in (text_of, string) and set(map(type, values)) <= WORDS and "" not in values:
        return values
    return map(reads, values)


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
    return name_of(place, key_text(key))


def name_of(place: str, key: str) -> str:
    """Return the id of a row by the text of its key."""
    return blake2b(f"{place}\x1f{key}".encode(), digest_size=8).hexdigest()


def columns(
    table: "Table", ours: Mapping[str, Callable[[Any], Any]], shape: tuple[str, ...]
) -> list[tuple[str | None, Callable[[Any], Any]]]:
    """Return, for rows of these columns, where each of ours stands and how it is read.

    The first of a column's names that the row has counts.
    """
    return [
        (next((at for at in table.columns.get(name, ()) if at in shape), None), reads)
        for name, reads in ours.items()
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
