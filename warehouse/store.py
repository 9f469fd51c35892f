"""Opening the warehouse: one way in for writers, one for readers; schema and errors on the way."""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import click
import duckdb

from warehouse.errors import AgpError
from warehouse.failures import damaged, explain, is_locked
from warehouse.home import warehouse_path
from warehouse.migrations import (
    keep_copy,
    migrate,
    newest,
    refuse_newer,
    state,
    views_digest,
)

WAIT = 2.0  # seconds for another process to let go of the file
# A new file's blocks: of 256 KB, DuckDB's own choice, a warehouse of 30 MB of transcripts wastes
# three in ten, for it has many small columns.
NEW: dict[str, str | bool | int | float | list[str]] = {"default_block_size": "65536"}


@contextmanager
def open_writer(
    path: Path | None = None, wait: float = WAIT, create: bool = True
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, made and migrated when needed; closed at the end.

    Commands that bring nothing in say `create=False`: without a warehouse they say what to do.
    Raises AgpError in one line when another process holds it longer than `wait` seconds, when it is
    damaged, newer than this program, or cannot be written; the file is then left as it was.
    """
    path = path or warehouse_path()
    with _explained(path):
        if not path.exists():
            if not create:
                raise missing(path)
            _create(path)
        con = _migrated(path, wait)
    try:
        with _explained(path):
            yield con
    finally:
        _close(con, path)


@contextmanager
def open_reader(
    path: Path | None = None, wait: float = WAIT
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an existing warehouse read-only; close it soon: an open reader keeps writers out."""
    path = path or warehouse_path()
    if not path.exists():
        raise missing(path)
    con = _connect(path, wait, read_only=True)
    try:
        with _explained(path):
            have, digest = state(con)
            refuse_newer(have)
            if have < newest() or digest != views_digest():
                raise AgpError(
                    f"this warehouse was written by another version of agp (schema {have}, this "
                    f"one has {newest()}); run `agp ingest` to bring it up to date"
                )
            yield con
    finally:
        con.close()


def missing(path: Path) -> AgpError:
    """Return the line for where there is no warehouse yet."""
    return AgpError(f"there is no warehouse at {path}; run `agp ingest` first")


def in_memory() -> duckdb.DuckDBPyConnection:
    """Return an empty warehouse that is nowhere on disk: what it would hold, and how."""
    con = duckdb.connect()
    con.execute("set timezone = 'UTC'")
    migrate(con)
    return con


def _migrated(path: Path, wait: float) -> duckdb.DuckDBPyConnection:
    """Connect and bring the file to this program's schema, after a copy when its tables change."""
    con = _connect(path, wait)
    try:
        have, _ = state(con)
        if 0 < have < newest():
            con.close()  # a second handle on an open file would drop this process's lock on it
            kept = keep_copy(path, have)
            click.echo(f"agp: new schema; the warehouse as it was is kept at {kept}", err=True)
            con = _connect(path, wait)
        migrate(con)
    except BaseException:
        con.close()
        raise
    return con


def _create(path: Path) -> None:
    """Make an empty warehouse whole or not at all: it is built aside and linked into place."""
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        reason = error.strerror or "it cannot be made"
        raise AgpError(f"no folder {path.parent}: {reason}; set AGP_HOME to another") from None
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        con = _connect(part, 0)
        try:
            migrate(con)
        finally:
            con.close()
        try:
            os.link(part, path)
        except FileExistsError:
            pass  # another process was quicker
        except OSError:  # a file system without links
            os.replace(part, path)
    finally:
        for leftover in (part, Path(f"{part}.wal")):
            leftover.unlink(missing_ok=True)


def _connect(path: Path, wait: float, read_only: bool = False) -> duckdb.DuckDBPyConnection:
    """Connect; wait while another process holds the file, then say which."""
    deadline = time.monotonic() + wait
    log = Path(f"{path}.wal").exists()
    while True:
        try:
            con = duckdb.connect(str(path), read_only=read_only, config=NEW)
            con.execute("set timezone = 'UTC'")
            if not read_only:
                _keep_private(path)
            if not log:
                _refuse_cut(con, path)
            return con
        except duckdb.Error as error:
            if not is_locked(error) or time.monotonic() > deadline:
                raise explain(error, path, opening=True) or error from None
        time.sleep(0.05)


def _keep_private(path: Path) -> None:
    """Let nobody but its owner read a file that holds credentials as they were typed."""
    with suppress(OSError):  # another's file, or a file system without modes
        if path.stat().st_mode & 0o077:
            path.chmod(0o600)


def _refuse_cut(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Raise if the file is shorter than the blocks in use: DuckDB would find out when it reads."""
    size, used = con.sql("select block_size, used_blocks from pragma_database_size()").fetchall()[0]
    if path.stat().st_size < size * used:
        con.close()
        raise damaged(path, f"it is shorter than the {used} blocks it should hold")


def _close(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Close a writer; what does not fit on the disk stays in the log for the next one."""
    with _explained(path):
        con.close()


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn an error about the file into its one line; others pass."""
    try:
        yield
    except (duckdb.Error, OSError) as error:
        known = explain(error, path)
        if known is None:
            raise
        raise known from None
    except RuntimeError as error:  # how DuckDB tells of Ctrl-C in the middle of a query
        if str(error) != "Query interrupted":
            raise
        raise KeyboardInterrupt from None
