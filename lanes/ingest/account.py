"""What is in the warehouse, in numbers: all that an ingest asks where it finds nothing new.

Nothing here is slow to import, so that such a run is over soon.
"""

from typing import Any

import duckdb

from lanes.ingest.plan import sql

TOTALS = ("files", "records", "bytes", "quarantined", "exchanges", "prompts")


def totals(con: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Return what is in the warehouse, in numbers."""
    [row] = con.execute(sql("totals")).fetchall()
    return dict(zip(TOTALS, row, strict=True))


def by_source(con: duckdb.DuckDBPyConnection) -> dict[str, dict[str, Any]]:
    """Return for each source, the highest first, what is kept of it and what it has shown."""
    cursor = con.execute(sql("by_source"))
    names = [column[0] for column in cursor.description or []]
    rows = (dict(zip(names, row, strict=True)) for row in cursor.fetchall())
    return {row.pop("source"): row for row in rows}


def noise(con: duckdb.DuckDBPyConnection) -> list[tuple[str, int]]:
    """Return how many messages nobody typed, by kind."""
    return con.execute(sql("noise")).fetchall()


def unfinished(con: duckdb.DuckDBPyConnection) -> bool:
    """Say whether an ingest before this one was killed."""
    return bool(con.execute("select 1 from ingests where finished_at is null").fetchall())
