"""Limits on a query that nobody looks at while it runs: time, memory, rows, and no file at all."""

import os
import resource
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import click
import duckdb

from warehouse.errors import AgpError

AGAIN = 0.05  # seconds between two interrupts
GRACE = 3.0  # seconds that a query has to heed one; work inside one vector does not


class LimitReached(AgpError):
    """A query was stopped by a limit; what was printed before is not all of it."""

    exit_code = 3


@dataclass(frozen=True)
class Bounds:
    """What a query may take; None: as much as there is. `sealed`: it may touch no file."""

    rows: int | None = None
    seconds: float | None = None
    memory_mb: int | None = None
    sealed: bool = False


SAFE = Bounds(rows=1_000, seconds=30, memory_mb=1_024, sealed=True)


def set_memory(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> None:
    """Limit what DuckDB takes, before anything else is locked; with a limit nothing is spilled."""
    if bounds.memory_mb is not None:
        con.execute("set temp_directory = ''")
        con.execute(f"set memory_limit = '{bounds.memory_mb}MB'")


def seal(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> None:
    """Take the file system away: the warehouse's own file is open already, others stay shut."""
    if bounds.sealed:
        con.execute("set disabled_filesystems = 'LocalFileSystem'")


@contextmanager
def bounded(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> Iterator[None]:
    """Stop what runs in here when its time is over or its memory used up, with exit status 3."""
    over, ended = threading.Event(), threading.Event()
    if bounds.seconds is not None:
        args = (con, bounds.seconds, over, ended)
        threading.Thread(target=_watch, args=args, daemon=True).start()
    try:
        with _address_space(bounds.memory_mb):
            yield
    except (duckdb.OutOfMemoryException, MemoryError):
        if bounds.memory_mb is None:
            raise
        raise LimitReached(f"stopped: it needs more than {bounds.memory_mb:,} MB") from None
    except (RuntimeError, duckdb.Error, KeyboardInterrupt):
        if not over.is_set():
            raise
        raise LimitReached(f"stopped after {bounds.seconds:g} seconds") from None
    finally:
        ended.set()


def _watch(
    con: duckdb.DuckDBPyConnection,
    seconds: float,
    over: threading.Event,
    ended: threading.Event,
) -> None:
    """Interrupt a connection when its time is over; end the process where that is not heeded."""
    if ended.wait(seconds):
        return
    over.set()
    for _ in range(int(GRACE / AGAIN)):
        con.interrupt()
        if ended.wait(AGAIN):
            return
    click.echo(f"agp: stopped after {seconds:g} seconds", err=True)
    sys.stderr.flush()
    os._exit(LimitReached.exit_code)  # a reader leaves nothing half done


@contextmanager
def _address_space(memory_mb: int | None) -> Iterator[None]:
    """Bound what this process may take beyond what it has: DuckDB does not count its strings."""
    statm = "/proc/self/statm"
    if memory_mb is None or not os.path.exists(statm):
        yield
        return
    with open(statm, encoding="ascii") as file:
        have = int(file.read().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    most = have + (2 * memory_mb << 20)
    resource.setrlimit(resource.RLIMIT_AS, (most, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
