"""Rows as a project gave them in, a batch for the warehouse out: a page is a file of its own."""

import time
from hashlib import sha256
from io import BytesIO
from typing import Any

import orjson

from lanes.ingest.buffers import Batch, Buffers
from lanes.ingest.plan import Job
from lanes.ingest.state import State
from lanes.sources.files import SourceFile
from lanes.sources.memories import GONE, SCHEME
from lanes.sources.open import Stat

SORTED = orjson.OPT_SORT_KEYS | orjson.OPT_APPEND_NEWLINE


def line(row: dict[str, Any]) -> bytes:
    """Return a row as its record: the same row is the same bytes, whichever way it came.

    >>> line({"b": 1, "a": "x"})
    b'{"a":"x","b":1}\\n'
    """
    try:
        return orjson.dumps(row, option=SORTED)
    except TypeError:  # an integer beyond 64 bits, half an emoji
        import json

        return json.dumps(row, sort_keys=True, separators=(",", ":")).encode() + b"\n"


def gone_line(key: dict[str, Any]) -> bytes:
    """Return the record that says that the row of a key is no longer there.

    >>> gone_line({"id": 7})
    b'{"agp_gone":true,"id":7}\\n'
    """
    return line(key | {GONE: True})


def digest(record: bytes) -> bytes:
    """Return what two versions of a row are compared by."""
    return sha256(record).digest()


def page_path(place: str, number: int) -> str:
    """Return the path that a page is kept under.

    >>> page_path("abc.supabase.co/memory_turns", 7)
    'supabase://abc.supabase.co/memory_turns/00000007.jsonl'
    """
    return f"{SCHEME}{place}/{number:08}.jsonl"


def batch_of(lines: list[bytes], place: str, number: int, kind: str) -> Batch:
    """Return the rows of the raw and the normal layer that a page becomes."""
    data = b"".join(lines)
    file = SourceFile("supabase", page_path(place, number), kind)
    stat = Stat(len(data), len(data), time.time_ns())
    buffers = Buffers(1 << 40)  # all of it in one batch
    buffers.open(State(Job(file, settled=True), 1, stat))
    for _ in buffers.take(BytesIO(data)):
        raise AssertionError("a page is one batch")
    buffers.close()
    return buffers.flush()
