"""Files to read in, batches of columns out. Touches no warehouse, so it runs in another process."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any, BinaryIO

import pyarrow as pa

from lanes.ingest.plan import Job, file_id
from lanes.sources.claude import normalise
from lanes.sources.files import SourceFile, stored_path
from lanes.sources.lines import Record, records, whole_record
from lanes.sources.rows import Rows
from warehouse.payloads import Factory

BATCH = 8 << 20  # bytes of a batch: a few large INSERTs are quicker than many small ones
BLOCK = 1 << 20


@dataclass
class State:
    """How far a version of a file has been read."""

    job: Job
    version: int
    size: int
    mtime_ns: int
    offset: int = 0  # of the next record
    ordinal: int = 0
    quarantined: int = 0
    prefix: Any = field(default_factory=sha256)
    hashed: int = 0  # bytes in `prefix`; beyond `offset` in the middle of a line of several records
    line_from: int = 0  # where the last line begins
    line_ended: bool = True

    @property
    def file_id(self) -> str:
        """Return the id of this version."""
        return file_id(self.job.file.source, self.job.file.path, self.version)

    def seen(self, data: bytes) -> None:
        """Take the next bytes of the file, which never reach over a line end, into its hash."""
        if self.line_ended:
            self.line_from = self.hashed
        self.line_ended = data[-1:] == b"\n"
        self.prefix.update(data)
        self.hashed += len(data)

    def row(self) -> dict[str, Any]:
        """Return what the worker knows of the row of `files`."""
        file = self.job.file
        return {
            "file_id": self.file_id,
            "source": file.source,
            "path": stored_path(file.path),
            "kind": file.kind,
            "session_id": file.session_id,
            "version": self.version,
            "bytes": self.offset,
            "records": self.ordinal,
            "quarantined": self.quarantined,
            "open_from": None if self.line_ended or file.whole else self.line_from,
            "prefix_sha256": self.prefix.digest(),
            "size": self.size,
            "mtime_ns": self.mtime_ns,
        }


@dataclass
class Batch:
    """Rows that belong together: committed in one transaction, no file is left half described."""

    tables: dict[str, pa.Table]
    files: list[dict[str, Any]]
    rewound: list[tuple[str, int]]  # (file_id, ordinal): records from here on are read again
    unreadable: list[tuple[str, str]]  # (path, reason)
    done: int  # bytes read for it


def parse(jobs: Iterable[Job], batch_bytes: int = BATCH) -> Iterator[Batch]:
    """Read files and yield batches; what they hold in sum does not depend on `batch_bytes`."""
    buffers = Buffers(batch_bytes)
    for job in jobs:
        try:
            with open(job.file.path, "rb", buffering=BLOCK) as file:
                yield from read_file(job, file, buffers)
        except OSError as error:
            buffers.close()
            buffers.unreadable.append((job.file.path, error.strerror or str(error)))
    yield buffers.flush()


def read_file(job: Job, file: BinaryIO, buffers: "Buffers") -> Iterator[Batch]:
    """Read one file on from where it is known, or from the start where its past has changed."""
    stat = os.fstat(file.fileno())
    state = resumed(job, file, stat)
    if state is None:
        file.seek(0)
        state = State(job, job.version + 1, stat.st_size, stat.st_mtime_ns)
    elif state.offset < job.have:
        buffers.rewound.append((state.file_id, state.ordinal))
    buffers.open(state)
    if state.offset and not job.file.whole:
        buffers.rows.context = context_before(file, buffers.file, state.offset)
    yield from buffers.take(file)
    buffers.close()


def resumed(job: Job, file: BinaryIO, stat: os.stat_result) -> State | None:
    """Return the state to go on from, the file standing there; None: its past changed."""
    grown = stat.st_size > job.have
    if not job.version or stat.st_size < job.have or (job.file.whole and grown):
        return None
    offset, ordinal, quarantined = job.have, job.records, job.quarantined
    if grown and job.open_from is not None:
        offset, ordinal, quarantined = job.open_from
    state = State(job, job.version, stat.st_size, stat.st_mtime_ns, offset, ordinal, quarantined)
    for piece in blocks(file, offset):
        state.prefix.update(piece)
    state.hashed, whole = offset, state.prefix.copy()
    for piece in blocks(file, job.have - offset):
        whole.update(piece)
    if whole.digest() != job.prefix_sha256:
        return None
    if job.open_from is not None and not grown:
        state.line_from, state.line_ended = job.open_from[0], False
    file.seek(offset)
    return state


def context_before(file: BinaryIO, known: SourceFile, offset: int) -> tuple[Any, ...]:
    """Return where the session was before a place in its file, which later records compare with."""
    for back in (BLOCK, offset):
        start = max(0, offset - back)
        file.seek(start)
        if start:
            file.readline()
        before = Rows()
        stream = records(file, offset, Factory(0), lambda data: None, True)
        normalise(known, ((0, r.parsed) for r in stream if r and r.parsed is not None), before)
        if before.context or not start:
            break
    file.seek(offset)
    return before.context


def blocks(file: BinaryIO, length: int) -> Iterator[bytes]:
    """Yield the next bytes of a file in blocks, fewer than `length` where it ends before."""
    while length > 0 and (piece := file.read(min(BLOCK, length))):
        yield piece
        length -= len(piece)


class Buffers:
    """Columns of the batch in the making, and the file that is being read."""

    def __init__(self, batch_bytes: int) -> None:
        """Start an empty batch that is full at about `batch_bytes`."""
        self.limit = batch_bytes
        self.payloads = Factory()
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
            text = self.file.kind == "tool_output"
            stream = whole_record(file, state.size, self.payloads, state.seen, text)
        else:
            stream = records(file, state.size, self.payloads, state.seen, settled)
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
        self.raw.append((self.file.file_id, state.ordinal, *record[:5], record.reason))
        state.offset += record.length
        state.ordinal += 1
        state.quarantined += record.reason is not None
        self.bytes += len(record.stored)

    def flush(self) -> Batch:
        """Return the batch and begin the next; the open file's row stands in both."""
        state = self.state
        if state and state.hashed == state.offset:
            self.files.append(state.row())
        tables = self.rows.to_arrow() | {"raw_records": columns(self.raw, RAW)}
        tables["payloads"] = columns(self.payloads.drain(), PAYLOADS)
        batch = Batch(tables, self.files, self.rewound, self.unreadable, self.bytes)
        self.rewound, self.unreadable = [], []
        self._clear()
        return batch


RAW = {
    "file_id": pa.string(),
    "ordinal": pa.int32(),
    "byte_offset": pa.int64(),
    "byte_length": pa.int64(),
    "sha256": pa.binary(),
    "bytes": pa.binary(),
    "has_payload": pa.bool_(),
    "reason": pa.string(),
}
PAYLOADS = {"sha256": pa.binary(), "byte_length": pa.int64(), "bytes": pa.binary()}


def columns(rows: list[tuple[Any, ...]], types: dict[str, pa.DataType]) -> pa.Table:
    """Turn rows into a table."""
    values = zip(*rows, strict=True) if rows else [()] * len(types)
    arrays = [pa.array(v, t) for v, t in zip(values, types.values(), strict=True)]
    return pa.table(arrays, names=list(types))
