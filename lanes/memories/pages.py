"""Rows as a project gave them in, a batch for the warehouse out: a page is a file of its own."""

import time
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, NamedTuple

import orjson

from lanes.ingest.buffers import Batch, Buffers
from lanes.ingest.plan import Job
from lanes.ingest.state import State
from lanes.memories.keyset import Row
from lanes.sources.files import SourceFile
from lanes.sources.lines import Record, line_records
from lanes.sources.memories import GONE, SCHEME
from lanes.sources.open import Stat
from lanes.sources.vectors import Vector
from warehouse.payloads import SHORTEST, Factory

SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


class Line(NamedTuple):
    """A row as its record, the hash by which two versions are compared, and what it says."""

    record: bytes
    sha256: bytes
    row: Row | None  # None: only reading the record tells, since JSON cannot hold all of it


def line(row: Row) -> Line:
    """Return a row as its record: the same row is the same bytes, whichever way it came.

    >>> line({"b": 1, "a": "x"}).record
    b'{"a":"x","b":1}\\n'
    """
    try:
        record, says = orjson.dumps(row, default=vector_text, option=SORTED), row
    except TypeError:  # an integer beyond 64 bits, half an emoji
        import json

        text = json.dumps(row, sort_keys=True, separators=(",", ":"), default=str)
        record, says = text.encode() + b"\n", None
    return Line(record, sha256(record).digest(), says)


def vector_text(value: Any) -> orjson.Fragment:
    """Return a vector as JSON has it: a string. Its letters need no escape."""
    if not isinstance(value, Vector):
        raise TypeError
    return orjson.Fragment(b'"' + value.text() + b'"')


def gone_line(key: Row) -> Line:
    """Return the record that says that the row of a key is no longer there.

    >>> gone_line({"id": 7}).record
    b'{"agp_gone":true,"id":7}\\n'
    """
    return line(key | {GONE: True})


def page_path(place: str, number: int) -> str:
    """Return the path that a page is kept under.

    >>> page_path("abc.supabase.co/memory_turns", 7)
    'supabase://abc.supabase.co/memory_turns/00000007.jsonl'
    """
    return f"{SCHEME}{place}/{number:08}.jsonl"


def batch_of(lines: list[Line], place: str, number: int, kind: str) -> Batch:
    """Return the rows of the raw and the normal layer that a page becomes."""
    size = sum(len(each.record) for each in lines)
    file = SourceFile("supabase", page_path(place, number), kind)
    buffers = Buffers(1 << 40)  # all of it in one batch
    state = State(Job(file, settled=True), 1, Stat(size, size, time.time_ns()))
    buffers.open(state)
    if all(each.row is not None and len(each.record) < SHORTEST for each in lines):
        buffers.keep_lines(*zip(*lines, strict=True))
        buffers.close()
        return buffers.flush()
    for _ in buffers.keep(records(lines, buffers.payloads, state.seen)):
        raise AssertionError("a page is one batch")
    buffers.close()
    return buffers.flush()


def records(
    lines: list[Line], payloads: Factory, seen: Callable[[bytes], None]
) -> Iterator[Record]:
    """Yield the records of a page; a row that was just written as JSON is not read again."""
    offset = 0
    for text, digest, row in lines:
        seen(text)
        if row is None or len(text) >= SHORTEST:
            yield from line_records(text, offset, payloads)
        else:
            yield Record(offset, len(text), digest, text, False, row, None)
        offset += len(text)
