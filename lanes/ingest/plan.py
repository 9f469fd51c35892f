"""What there is to do: files found and files known in, jobs and files gone out."""

import errno
import os
import time
from dataclasses import dataclass
from hashlib import blake2b
from importlib.resources import files as resources
from typing import TYPE_CHECKING

from lanes.sources.discover import Found
from lanes.sources.files import SourceFile, stored_path

if TYPE_CHECKING:
    import duckdb

SETTLED = 3600  # seconds without a change after which a last line without its end is read as it is


@dataclass(frozen=True, slots=True)
class Job:
    """A file to read on from where the warehouse has it (version 0: it has nothing of it)."""

    file: SourceFile
    settled: bool  # nobody has written to it for a while
    version: int = 0
    have: int = 0  # bytes of it
    records: int = 0
    quarantined: int = 0
    prefix_sha256: bytes | None = None
    size: int = 0  # bytes to read
    # Where a last line begins that was read although it had no end: (offset, ordinal, quarantined).
    open_from: tuple[int, int, int] | None = None


@dataclass(slots=True)
class Plan:
    """The work of one ingest."""

    jobs: list[Job]
    gone: list[str]  # file_ids
    unchanged: int

    @property
    def bytes(self) -> int:
        """Return about how many are to be read."""
        return sum(job.size for job in self.jobs)


def sql(name: str) -> str:
    """Return the statement in a .sql file beside this module."""
    return (resources("lanes.ingest") / f"{name}.sql").read_text(encoding="utf-8")


def file_id(source: str, path: str, version: int) -> str:
    """Return the id of a version of a file."""
    key = f"{source}\0{stored_path(path)}\0{version}"
    return blake2b(key.encode(), digest_size=8).hexdigest()


def plan(con: "duckdb.DuckDBPyConnection", found: Found) -> Plan:
    """Compare what was found with what is known; a file that has not changed costs its stat."""
    known = {row[0]: row[1:] for row in con.execute(sql("known")).fetchall()}
    now, work, present = time.time(), Plan([], [], 0), set[str]()
    for file, stat in found.files:
        path = stored_path(file.path)
        present.add(path)
        settled = file.compressed or now - stat.st_mtime > SETTLED
        if path not in known:
            work.jobs.append(Job(file, settled, size=stat.st_size))
            continue
        _, size, mtime_ns, state, version, have, records, bad, prefix, *open_from = known[path]
        same = (stat.st_size, stat.st_mtime_ns, "present") == (size, mtime_ns, state)
        if same and (have >= size or not settled or file.compressed):
            work.unchanged += 1
            continue
        start = None if open_from[0] is None else (open_from[0], open_from[1], open_from[2])
        new = stat.st_size - have if stat.st_size >= have else stat.st_size
        work.jobs.append(Job(file, settled, version, have, records, bad, prefix, new, start))
    for path, row in known.items():
        if path not in present and row[3] == "present" and below(path, found.roots) and gone(path):
            work.gone.append(row[0])
    return work


def below(path: str, roots: list[str]) -> bool:
    """Say whether a path lies in one of the places that were looked at.

    >>> below("/a/b/c", ["/a/b"]), below("/a/bc", ["/a/b"])
    (True, False)
    """
    return any(path == root or path.startswith(root.rstrip(os.sep) + os.sep) for root in roots)


def gone(path: str) -> bool:
    """Say whether a file is certainly no longer there (not being allowed to look is not that)."""
    try:
        os.lstat(path)
    except OSError as error:
        return error.errno in (errno.ENOENT, errno.ENOTDIR)
    return not os.path.exists(path)
