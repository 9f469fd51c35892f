"""Rows of memory tables, as pages of a project or as files of rows: JSON objects in, rows out.

Which column is which is a setting; a column that is missing is null.
"""

import os
from collections.abc import Iterable, Mapping, Sequence
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import orjson

from lanes.sources.claude.blocks import string
from lanes.sources.files import SourceFile
from lanes.sources.logs import verbose
from lanes.sources.logs.loosely import Json, number
from lanes.sources.logs.verbose import timed
from lanes.sources.rows import Rows, clean

if TYPE_CHECKING:
    from lanes.memories.settings import MemorySettings, Table

SCHEME = "supabase://"
GONE = "agp_gone"  # marks a record of ours: the row of this key is no longer there
NUMBERS = ("salience", "phase_confidence", "depth", "sibling_order", "homogeneity", "temporal")
WORDS = ("phase", "domain", "task_type", "project", "content_hash")
TIMES = ("created_at", "updated_at", "deleted_at")


def normalise(file: SourceFile, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a page or file, each record given with its ordinal."""
    from lanes.memories.settings import memory_settings

    settings, place = memory_settings(), place_of(file.path)
    table = settings.tables()[file.kind]
    for ordinal, record in records:
        if not isinstance(record, dict):
            continue
        here, key = (file.file_id, ordinal), [record.get(name) for name in table.key]
        name = memory_id(place, key)
        gone = record.get(GONE) is True
        rows.memory_versions.append((*here, name, place, key_text(key), gone))
        if gone:
            continue
        if file.kind == "log":
            verbose.normalise(file, [(ordinal, record)], rows)
            continue
        found = read(record, table)
        if file.kind == "memory":
            rows.memories.append((*here, name, *turn(found)))
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


def read(record: Json, table: "Table") -> dict[str, Any]:
    """Return a row's values by our names for them: the first column that the row has counts."""
    return {
        ours: next((record[name] for name in names if name in record), None)
        for ours, names in table.columns.items()
    }


def turn(found: Mapping[str, Any]) -> tuple[Any, ...]:
    """Return the columns of `memories` in order."""
    return (
        text_of(found.get("conversation_id")),
        text_of(found.get("role")),
        string(found.get("text")),
        *(text_of(found.get(name)) for name in WORDS),
        *(number(found.get(name)) for name in (*NUMBERS, "complexity")),
        *(timed(found.get(name)) for name in TIMES),
        embedding(found.get("embedding")),
    )


def edge(found: Mapping[str, Any], place: str, settings: "MemorySettings") -> tuple[Any, ...]:
    """Return the columns of `memory_edges` in order; its ends are turns of the same project."""
    host = place.rpartition("/")[0]
    turns = "/".join(part for part in (host, settings.turns.table) if part)
    ends = (found.get("parent_id"), found.get("child_id"))
    return (
        *(None if end is None else memory_id(turns, [end]) for end in ends),
        text_of(found.get("edge_type")),
        *(timed(found.get(name)) for name in ("created_at", "deleted_at")),
    )


def text_of(value: Any) -> str | None:
    """Return a text or a number as text; None for the rest.

    >>> text_of("x"), text_of(7), text_of(None), text_of({})
    ('x', '7', None, None)
    """
    if isinstance(value, int | float) and not isinstance(value, bool):
        return str(value)
    return string(value)


def embedding(value: Any) -> list[float] | None:
    """Return a vector, of any dimension: a list, or pgvector's text of one.

    >>> embedding("[0.5,1]"), embedding([1, 2]), embedding("[1,nan]"), embedding([1, "x"])
    ([0.5, 1], [1, 2], None, None)
    """
    if isinstance(value, str):
        try:
            value = orjson.loads(value)
        except orjson.JSONDecodeError:
            return None
    if not isinstance(value, list) or not value:
        return None
    return value if {type(x) for x in value} <= {int, float} else None
