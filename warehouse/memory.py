"""How much memory DuckDB may take for work over a whole history: little, unless it needs more."""

from collections.abc import Callable
from contextlib import suppress
from typing import TypeVar

import duckdb

LIMIT = "300MB"  # what is to be sorted or joined beyond that waits in a file
Made = TypeVar("Made")


def sparing(con: duckdb.DuckDBPyConnection, work: Callable[[], Made]) -> Made:
    """Return what the work returns; where something must be whole in memory, without the bound.

    The work is begun anew then, so what it has committed must not do harm the second time.
    """
    con.execute(f"set memory_limit = '{LIMIT}'; set threads = 2")
    try:
        return work()
    except duckdb.OutOfMemoryException:
        with suppress(duckdb.TransactionException):  # the work had none open
            con.rollback()
        con.execute("reset memory_limit")
        return work()
