"""The warehouse file at rest: open for reading, so that nobody writes, and no log beside it."""

import hashlib
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

import duckdb

from warehouse.errors import AgpError
from warehouse.failures import explain
from warehouse.store import missing, open_reader, open_writer

TRIES = 20  # times that another process may write between our closing and opening
BLOCK = 4 << 20
# A writer opens the file and takes its lock a moment later; so long a file that was replaced stays
# locked, lest somebody writes into one that has no name any more.
LET_GO = 0.2


@contextmanager
def settled(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Give a reader of a warehouse whose file alone is all of it; until the end nobody writes."""
    log = Path(f"{path}.wal")
    for _ in range(TRIES):
        if log.exists():
            with open_writer(path, create=False) as con:
                con.execute("force checkpoint")
        with open_reader(path) as con:
            if not log.exists():
                yield con
                return
    raise AgpError(f"other processes keep writing to {path}; try again when they have ended")


def copy(source: BinaryIO, part: Path) -> str:
    """Write a file's bytes to a new file, onto the disk; return their sha-256."""
    digest = hashlib.sha256()
    source.seek(0)
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as out:
        while piece := source.read(BLOCK):
            digest.update(piece)
            out.write(piece)
        out.flush()
        os.fsync(out.fileno())
    return digest.hexdigest()


def name_it(part: Path, path: Path) -> None:
    """Give a finished file its name; AgpError where that is taken."""
    try:
        try:
            os.link(part, path)
        except FileExistsError:
            raise
        except OSError:  # a file system without links
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            os.replace(part, path)
    except FileExistsError:
        raise AgpError(f"{path} is there already, and was left as it is") from None
    part.unlink(missing_ok=True)


@contextmanager
def part_of(path: Path) -> Iterator[Path]:
    """Give a name beside a path to write to; what still bears it at the end is removed.

    Whoever makes a file meanwhile, DuckDB too, makes it for its owner alone.
    """
    mask = os.umask(0o077)
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield part
    except OSError as error:
        raise explain(error, path) or AgpError(f"{path}: {error.strerror or error}") from None
    finally:
        os.umask(mask)
        for left in (part, Path(f"{part}.wal")):
            left.unlink(missing_ok=True)


@contextmanager
def opened(path: Path) -> Iterator[BinaryIO]:
    """Open a warehouse's file beside DuckDB, and close it when DuckDB has: an earlier close would
    drop this process's lock on it.
    """
    if not path.exists():
        raise missing(path)
    with path.open("rb") as file:
        yield file


def replace(part: Path, path: Path) -> None:
    """Put a file in the place of one that this process holds, and wait for whoever opens it now."""
    os.replace(part, path)
    time.sleep(LET_GO)
