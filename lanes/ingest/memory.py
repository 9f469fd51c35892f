"""How much memory DuckDB may take during an ingest: little, and more only for what needs more."""

import os
from collections.abc import Callable
from typing import TYPE_CHECKING

import duckdb

if TYPE_CHECKING:
    from lanes.ingest.buffers import Batch

LIMIT = "192MB"  # beside it stand some batches, and the processes that parse
EVERY = 1 << 30  # bytes read between checkpoints, each of which packs a table's last rows anew
UNITS = {"bytes": 1, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30, "TiB": 1 << 40}
LARGE = 64 << 20  # bytes of a batch that holds a very long record


def spare(con: duckdb.DuckDBPyConnection) -> None:
    """Keep the memory of a connection within bounds; what does not fit waits in a file."""
    con.execute(f"set threads = 2; set memory_limit = '{LIMIT}'; set checkpoint_threshold = '1TB'")


def allow(con: duckdb.DuckDBPyConnection, batch: "Batch") -> None:
    """Lift the bound, to DuckDB's own, for a very long record: it must fit into memory whole."""
    if sum(rows.nbytes for rows in batch.tables.values()) > LARGE:
        con.execute("reset memory_limit")


def checkpoint(con: duckdb.DuckDBPyConnection) -> None:
    """Bring the log into the file; never within a commit, which could not be tried again."""
    within(con, lambda: con.execute("checkpoint"))


def within(con: duckdb.DuckDBPyConnection, work: Callable[[], object]) -> None:
    """Do work that leaves nothing behind when it fails; again, with more memory, if it needs it."""
    while True:
        try:
            work()
            return
        except (duckdb.OutOfMemoryException, duckdb.TransactionException) as error:
            if "memory_limit" not in str(error) or not more(con):
                raise


def more(con: duckdb.DuckDBPyConnection) -> bool:
    """Double the bound; False where it is all of this machine's memory already."""
    [(now,)] = con.execute("select current_setting('memory_limit')").fetchall()
    number, unit = now.split()
    size = float(number) * UNITS[unit]
    con.execute(f"set memory_limit = '{int(2 * size)}B'")
    return size < os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
