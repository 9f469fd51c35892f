"""SQL that stands in .sql files beside the Python that runs it."""

from importlib.resources import files
from typing import Any

import duckdb


def statement(package: str, name: str) -> str:
    """Return the text of a .sql file beside the modules of a package."""
    return (files(package) / name).read_text(encoding="utf-8")


def execute_file(
    con: duckdb.DuckDBPyConnection, package: str, name: str, **values: object
) -> list[tuple[Any, ...]]:
    """Execute a .sql file of a package, each statement with the values it names.

    Returns the rows of the last one.
    """
    rows: list[tuple[Any, ...]] = []
    for one in con.extract_statements(statement(package, name)):
        known = {k: v for k, v in values.items() if k in one.named_parameters}
        rows = con.execute(one, known).fetchall()
    return rows


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many rows a table has."""
    return con.execute(f"select count(*) from {table}").fetchall()[0][0]
