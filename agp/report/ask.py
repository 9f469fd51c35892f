"""Queries of the report: the name of a .sql file comes in, rows as plain values go out."""

from typing import Any

import duckdb

from warehouse.statements import statement


def ask(con: duckdb.DuckDBPyConnection, name: str, **values: object) -> list[dict[str, Any]]:
    """Return the rows of a query beside this module, each under its columns' names."""
    cursor = con.execute(statement("agp.report", f"{name}.sql"), values)
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
