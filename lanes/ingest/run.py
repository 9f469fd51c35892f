"""One ingest from beginning to end: paths in, a summary out."""

import os
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lanes.ingest.light import import_arrow
from lanes.ingest.plan import Job, Plan, plan
from lanes.ingest.worker import Workers
from lanes.memories.ingest import Memories
from lanes.sources import GENERATION
from lanes.sources.discover import Found, discover
from warehouse.console import Progress
from warehouse.home import warehouse_path
from warehouse.store import open_writer

if TYPE_CHECKING:
    import duckdb

    from lanes.memories.follow import Read

ALONE = 4 << 20  # bytes; for fewer, starting another process takes longer than parsing
NEW = ("files", "records", "quarantined", "exchanges")
SHARED = 16 << 20  # bytes; from here on two processes are quicker than one


@dataclass
class Summary:
    """What an ingest did, and what the warehouse holds before and after it."""

    before: dict[str, int]
    after: dict[str, int] = field(default_factory=dict)
    noise: list[tuple[str, int]] = field(default_factory=list)
    read: int = 0  # files that were opened
    unchanged: int = 0
    gone: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)
    sources: dict[str, dict[str, Any]] = field(default_factory=dict)  # now, and what is new
    empty: list[str] = field(default_factory=list)  # places looked at, where nothing was found
    memories: "list[Read]" = field(default_factory=list)  # what came of each memory table


def ingest(
    paths: Iterable[str | Path] = (),
    progress: Progress = lambda done, total: None,
    memories: Memories | None = None,
    processes: int | None = None,
) -> Summary:
    """Bring what is new below the paths, or in the usual places, into the warehouse.

    `memories` says which tables of a project to read as well, or alone; `processes`, how many
    beside this one parse (None: as many as pay).
    """
    from lanes.ingest import account, memory

    found = Found() if memories and memories.alone else discover(paths)
    with children(found, processes) as early, open_writer() as con:
        memory.spare(con)
        summary = Summary(account.totals(con), unreadable=list(found.unreadable))
        known = account.by_source(con)
        work = plan(con, found)
        summary.unchanged, summary.gone = work.unchanged, len(work.gone)
        summary.read = len(work.jobs)
        summary.empty = [] if found.files else found.roots
        summary.after, now = summary.before, known
        if work.jobs or work.gone or memories or account.unfinished(con):
            ingest_id = begin(con)
            with batches(work, early, processes) as stream:
                read(con, stream, work.bytes, ingest_id, summary, progress)
            finish(con, work, ingest_id, summary, memories)
            summary.after, now = account.totals(con), account.by_source(con)
        summary.noise = account.noise(con)
        summary.sources = compared(known, now, work)
    return summary


def begin(con: "duckdb.DuckDBPyConnection") -> int:
    """Import what only a run with something to do needs; note that it begins."""
    import_arrow()
    from lanes.ingest import insert

    return insert.begin(con, GENERATION)


def finish(
    con: "duckdb.DuckDBPyConnection",
    work: Plan,
    ingest_id: int,
    summary: Summary,
    memories: Memories | None,
) -> None:
    """Read memory tables, and derive what stands across records."""
    from lanes.ingest import insert, memory

    if memories:
        summary.unreadable += memories.read(con, ingest_id)
        summary.memories = memories.tables
    insert.mark_gone(con, work.gone)
    memory.within(con, lambda: insert.finish(con, ingest_id, summary.before))
    memory.checkpoint(con)


def compared(
    before: dict[str, dict[str, Any]], after: dict[str, dict[str, Any]], work: Plan
) -> dict[str, dict[str, Any]]:
    """Return what each source holds, with what is new of it and how many of its files were read."""
    read = Counter(job.file.source for job in work.jobs)
    return {
        source: {
            **{f"new_{name}": now[name] - before.get(source, {}).get(name, 0) for name in NEW},
            **now,
            "read": read[source],
        }
        for source, now in after.items()
    }


def read(
    con: "duckdb.DuckDBPyConnection",
    stream: Iterable[Any],
    size: int,
    ingest_id: int,
    summary: Summary,
    progress: Progress,
) -> None:
    """Insert batch after batch, of `size` bytes in all; each is committed before the next."""
    from lanes.ingest import insert, memory

    done = kept = 0
    for batch in stream:
        memory.allow(con, batch)
        memory.within(con, lambda one=batch: insert.insert(con, one, ingest_id))
        summary.unreadable += batch.unreadable
        done += batch.done
        del batch  # or it would be held while the log is packed or the next one comes
        progress(done, max(size, done))
        if done - kept > memory.EVERY:
            memory.checkpoint(con)
            kept = done


@contextmanager
def children(found: Found, processes: int | None) -> Iterator[Workers | None]:
    """Start parsing processes early where there is clearly much to read: it takes a moment."""
    home = warehouse_path()
    since = home.stat().st_mtime if home.exists() else 0.0
    new = sum(stat.st_size for _, stat in found.files if stat.st_mtime > since)
    count = hands(new) if processes is None else processes
    workers = Workers(count) if new > ALONE and count else None
    try:
        yield workers
    finally:
        if workers:
            workers.stop()


def hands(size: int) -> int:
    """Return how many parsing processes pay for so many bytes."""
    return 2 if size > SHARED and (os.cpu_count() or 1) > 1 else 1


@contextmanager
def batches(work: Plan, early: Workers | None, processes: int | None) -> Iterator[Iterable[Any]]:
    """Give the batches of a plan: from parsing processes, or from here when they are few."""
    count = hands(work.bytes) if processes is None else processes
    if early is None and (work.bytes <= ALONE or not count):
        yield here(work.jobs)
        return
    workers = early or Workers(count)
    try:
        yield workers.batches(work.jobs)
    finally:
        workers.stop()


def here(jobs: list[Job]) -> Iterator[Any]:
    """Parse in this process."""
    from lanes.ingest.parse import parse

    return parse(jobs)
