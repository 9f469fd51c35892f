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
    memories: "list[Read]" = field(default_factory=list)  # what came of each memory table


def ingest(
    paths: Iterable[str | Path] = (),
    progress: Progress = lambda done, total: None,
    memories: Memories | None = None,
) -> Summary:
    """Bring what is new below the paths, or in the usual places, into the warehouse.

    `memories` says which tables of a project to read as well, or alone.
    """
    import_arrow()
    from lanes.ingest import insert, memory

    found = Found() if memories and memories.alone else discover(paths)
    with children(found) as early, open_writer() as con:
        memory.spare(con)
        summary = Summary(insert.totals(con), unreadable=list(found.unreadable))
        known = insert.by_source(con)
        work = plan(con, found)
        summary.unchanged, summary.gone, summary.read = (
            work.unchanged,
            len(work.gone),
            len(work.jobs),
        )
        if work.jobs or work.gone or memories or insert.unfinished(con):
            ingest_id = insert.begin(con, GENERATION)
            read(con, work, early, ingest_id, summary, progress)
            if memories:
                summary.unreadable += memories.read(con, ingest_id)
                summary.memories = memories.tables
            insert.mark_gone(con, work.gone)
            memory.within(con, lambda: insert.finish(con, ingest_id, summary.before))
            memory.checkpoint(con)
        summary.after, summary.noise = insert.totals(con), insert.noise(con)
        summary.sources = compared(known, insert.by_source(con), work)
    return summary


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
    work: Plan,
    early: Workers | None,
    ingest_id: int,
    summary: Summary,
    progress: Progress,
) -> None:
    """Insert batch after batch; each is committed before the next."""
    from lanes.ingest import insert, memory

    done = kept = 0
    with batches(work, early) as stream:
        for batch in stream:
            memory.allow(con, batch)
            insert.insert(con, batch, ingest_id)
            summary.unreadable += batch.unreadable
            done += batch.done
            progress(done, max(work.bytes, done))
            if done - kept > memory.EVERY:
                memory.checkpoint(con)
                kept = done
            del batch  # or it would be held while the next one comes


@contextmanager
def children(found: Found) -> Iterator[Workers | None]:
    """Start parsing processes early where there is clearly much to read: it takes a moment."""
    home = warehouse_path()
    since = home.stat().st_mtime if home.exists() else 0.0
    new = sum(stat.st_size for _, stat in found.files if stat.st_mtime > since)
    workers = Workers(hands(new)) if new > ALONE else None
    try:
        yield workers
    finally:
        if workers:
            workers.stop()


def hands(size: int) -> int:
    """Return how many parsing processes pay for so many bytes."""
    return 2 if size > SHARED and (os.cpu_count() or 1) > 1 else 1


@contextmanager
def batches(work: Plan, early: Workers | None) -> Iterator[Iterable[Any]]:
    """Give the batches of a plan: from parsing processes, or from here when they are few."""
    if early is None and work.bytes <= ALONE:
        yield here(work.jobs)
        return
    workers = early or Workers(hands(work.bytes))
    try:
        yield workers.batches(work.jobs)
    finally:
        workers.stop()


def here(jobs: list[Job]) -> Iterator[Any]:
    """Parse in this process."""
    from lanes.ingest.parse import parse

    return parse(jobs)
