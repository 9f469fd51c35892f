"""How far a file has been read: a job and the open file in, the place to go on from out."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any, BinaryIO

from lanes.ingest.plan import Job, file_id
from lanes.sources.files import SourceFile, stored_path
from lanes.sources.lines import records
from lanes.sources.open import Stat
from lanes.sources.parsers import normalise
from lanes.sources.rows import Rows
from warehouse.payloads import Factory

BLOCK = 1 << 20


@dataclass
class State:
    """How far a version of a file has been read."""

    job: Job
    version: int
    stat: Stat
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
            "size": self.stat.on_disk,
            "mtime_ns": self.stat.mtime_ns,
        }


def resumed(job: Job, file: BinaryIO, stat: Stat) -> State | None:
    """Return the state to go on from, the file standing there; None: its past changed."""
    grown = stat.size > job.have
    if not job.version or stat.size < job.have or (job.file.whole and grown):
        return None
    offset, ordinal, quarantined = job.have, job.records, job.quarantined
    if grown and job.open_from is not None:
        offset, ordinal, quarantined = job.open_from
    state = State(job, job.version, stat, offset, ordinal, quarantined)
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


def context_before(file: BinaryIO, known: SourceFile, offset: int) -> Any:
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
