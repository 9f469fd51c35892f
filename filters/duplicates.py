"""Exchanges that say the same: clusters by exact and normalised words, each with its best."""

from importlib.resources import files

import duckdb


def update_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Write `clusters` anew from the features' hashes, and tell each feature row of its copies.

    A cluster's representative is the copy of the highest source, then with most tool calls and the
    longest answer, then the earliest: the same whatever order the copies came in.
    """
    con.execute("begin")
    con.execute((files("filters") / "duplicates.sql").read_text(encoding="utf-8"))
    con.execute("commit")
