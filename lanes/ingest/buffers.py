"""The batch in the making: records in, the tables of a batch out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate
from typing import Any, BinaryIO

import pyarrow as pa

from lanes.ingest.state import State
from lanes.sources.lines import Record, records, whole_record
from lanes.sources.parsers import normalise
from lanes.sources.rows import Rows, clean
from warehouse.payloads import Factory, cut
from warehouse.segments import Packer

FILES = pa.schema(
    [(n, pa.string()) for n in ("file_id", "source", "path", "kind", "session_id")]
    + [("version", pa.int32())]
    + [(n, pa.int64()) for n in ("bytes", "records", "quarantined", "open_from")]
    + [("prefix_sha256", pa.binary()), ("size", pa.int64()), ("mtime_ns", pa.int64())]
)
EXCERPT = 480  # bytes of a quarantined record that stand beside its reason


@dataclass
class Batch:
    """Rows that belong together: committed in one transaction, no file is left half described."""

    tables: dict[str, pa.Table]
    files: pa.Table
    rewound: list[tuple[str, int]]  # (file_id, ordinal): records from here on are read again
    unreadable: list[tuple[str, str]]  # (path, reason)
    done: int  # bytes read for it


class Buffers:
    """Columns of the batch in the making, and the file that is being read."""

    def __init__(self, batch_bytes: int) -> None:
        """Start an empty batch that is full at about `batch_bytes`."""
        self.limit = batch_bytes
        self.payloads = Factory()
        self.packer = Packer()
        self.rewound: list[tuple[str, int]] = []
        self.unreadable: list[tuple[str, str]] = []
        self.state = None
        self.rows = Rows()
        self._clear()

    def _clear(self) -> None:
        self.files: list[dict[str, Any]] = []
        self.raw: list[tuple[Any, ...]] = []
        before = self.rows.context
        self.rows = Rows()
        self.rows.context = before  # so that what follows does not depend on where a batch ends
        self.bytes = 0

    def open(self, state: State) -> None:
        """Begin with a file."""
        self.state: State | None = state
        self.file = replace(state.job.file, file_id=state.file_id)

    def close(self) -> None:
        """End the file: its row goes into the batch."""
        if self.state and self.state.hashed == self.state.offset:
            self.files.append(self.state.row())
        self.state = None

    def take(self, file: BinaryIO) -> Iterator[Batch]:
        """Read the records of the open file, yielding batches as they fill."""
        assert self.state
        state, settled = self.state, self.state.job.settled
        if self.file.whole:
            text = self.file.as_text
            stream = whole_record(file, state.stat.size, self.payloads, state.seen, text)
        else:
            stream = records(file, state.stat.size, self.payloads, state.seen, settled)
        yield from self.keep(stream)

    def keep(self, stream: Iterator[Record | None]) -> Iterator[Batch]:
        """Take records of the open file, yielding batches as they fill."""
        self.ended = False
        while not self.ended:
            normalise(self.file, self._parsed(stream), self.rows)
            if not self.ended:
                yield self.flush()

    def _parsed(self, stream: Iterator[Record | None]) -> Iterator[tuple[int, Any]]:
        """Yield what was parsed, keeping the rows of the raw layer, until the batch is full."""
        state = self.state
        assert state
        for record in stream:
            if record is not None:
                ordinal = state.ordinal
                self._add(state, record)
                if record.parsed is not None:
                    yield ordinal, record.parsed
            full = self.bytes + self.payloads.held >= self.limit
            if record is None or (full and state.hashed == state.offset):
                return
        self.ended = True

    def _add(self, state: State, record: Record) -> None:
        data, parsed, bad = record.stored, record.parsed, record.reason
        said = record.has_payload, type_of(parsed, bad), bad, data[:EXCERPT] if bad else None
        where = self.file.file_id, state.ordinal, record.offset, record.length, record.sha256
        self.raw.append((*where, *self.packer.add(data), *said))
        state.offset += record.length
        state.ordinal += 1
        state.quarantined += bad is not None
        self.bytes += len(data)

    def keep_lines(
        self, lines: Sequence[bytes], hashes: Sequence[bytes], parsed: Sequence[Any]
    ) -> None:
        """Take lines of the open file at once, all of which could be read and hold no payload."""
        state = self.state
        assert state
        offsets = accumulate(map(len, lines), initial=state.offset)
        places = self.packer.add_all(lines)
        told = list(enumerate(parsed, state.ordinal))
        for (n, one), offset, digest, place in zip(told, offsets, hashes, places, strict=False):
            where = self.file.file_id, n, offset, place.length, digest, *place
            self.raw.append((*where, False, type_of(one, None), None, None))
        size = sum(map(len, lines))
        state.seen(b"".join(lines))
        state.offset += size
        state.ordinal += len(lines)
        self.bytes += size
        normalise(self.file, told, self.rows)

    def flush(self) -> Batch:
        """Return the batch and begin the next; the open file's row stands in both."""
        state = self.state
        if state and state.hashed == state.offset:
            self.files.append(state.row())
        tables = self.rows.to_arrow() | {"raw_records": columns(self.raw, RAW)}
        tables["segments"] = columns(self.packer.drain(), SEGMENTS)
        taken = self.payloads.drain()
        tables["payloads"] = columns([row[:2] for row in taken], PAYLOADS)
        tables["payload_pieces"] = columns(cut(taken), PIECES)
        files = pa.Table.from_pylist(self.files, schema=FILES)
        batch = Batch(tables, files, self.rewound, self.unreadable, self.bytes)
        self.rewound, self.unreadable = [], []
        self._clear()
        return batch


RAW = {
    "file_id": pa.string(),
    "ordinal": pa.int32(),
    "byte_offset": pa.int64(),
    "byte_length": pa.int64(),
    "sha256": pa.binary(),
    "segment": pa.int64(),  # counted from 0 in each batch
    "stored_offset": pa.int64(),
    "stored_length": pa.int64(),
    "has_payload": pa.bool_(),
    "type": pa.string(),
    "reason": pa.string(),
    "excerpt": pa.binary(),
}
SEGMENTS = {"segment": pa.int64(), "unpacked_length": pa.int64(), "bytes": pa.binary()}
PAYLOADS = {"sha256": pa.binary(), "byte_length": pa.int64()}
PIECES = {"sha256": pa.binary(), "piece": pa.int32(), "bytes": pa.binary()}


def type_of(parsed: Any, reason: str | None) -> str | None:
    """Return what a record calls itself.

    >>> type_of({"type": "user"}, None), type_of({"type": 1}, None), type_of(None, None)
    ('user', None, 'blank line')
    """
    if isinstance(parsed, dict):
        name = parsed.get("type")
        return clean(name) if isinstance(name, str) else None
    return "blank line" if parsed is None and reason is None else None


def columns(rows: list[tuple[Any, ...]], types: dict[str, pa.DataType]) -> pa.Table:
    """Turn rows into a table."""
    values = zip(*rows, strict=True) if rows else [()] * len(types)
    arrays = [pa.array(v, t) for v, t in zip(values, types.values(), strict=True)]
    return pa.table(arrays, names=list(types))
