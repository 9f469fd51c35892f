"""What the sources of a warehouse have in common: an open warehouse in, plain rows out."""

from typing import Any

import duckdb

from warehouse.statements import statement


def audit(con: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """Return sightings by source, copies, and every prompt that could not be told."""
    return {
        "sources": rows(con, "by_source.sql"),
        "copies": rows(con, "copies.sql")[0],
        "apart": rows(con, "apart.sql"),
    }


def rows(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Return the rows of a query beside this module."""
    cursor = con.execute(statement("lanes.sightings", name))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
