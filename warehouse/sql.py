"""Running one read-only query of a user's: in, SQL text; out, column names, types and rows.

The query sees the warehouse and nothing else: no files, no settings, no Python variables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.errors import AgpError
from warehouse.interrupt import interruptible
from warehouse.store import open_reader

READS = {"SELECT", "EXPLAIN", "MULTI"}  # MULTI: a PIVOT, which DuckDB splits in several
BATCH = 2_000
WALLS = (
    "set python_enable_replacements = false",
    "set enable_external_access = false",
    "set lock_configuration = true",
)


@dataclass(frozen=True)
class Result:
    """A running query: its columns, and its rows as they come."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]


def check(query: str) -> str:
    """Return the one reading statement in a text, or raise.

    >>> check("select 1;  -- one")
    'select 1;  -- one'
    >>> check("select 1; drop table files")
    Traceback (most recent call last):
    warehouse.errors.AgpError: one statement at a time, please
    """
    try:
        statements = duckdb.extract_statements(query)
    except duckdb.Error as error:
        raise AgpError(said(error, query)) from None
    if not statements:
        raise AgpError("the query is empty; try `agp sql --examples`")
    if len(statements) > 1:
        raise AgpError("one statement at a time, please")
    kind = statements[0].type.name
    if kind not in READS:
        raise AgpError(
            "`agp sql` only reads (SELECT, WITH, FROM, DESCRIBE, SHOW, EXPLAIN); "
            f"this is a statement of type {kind}"
        )
    return query


@contextmanager
def running(query: str, path: Path | None = None) -> Iterator[Result]:
    """Run a query and give its rows while the warehouse is open."""
    with connected(query, path) as con, _errors_said(query):
        cursor = interruptible(con, lambda: con.execute(query))
        columns = unique([column[0] for column in cursor.description or []])
        yield Result(columns, _rows(cursor))


@contextmanager
def connected(query: str, path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Check a query and open the warehouse for it, walled in."""
    check(query)
    with open_reader(path) as con:
        for wall in WALLS:
            con.execute(wall)
        yield con


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := interruptible(cursor, lambda: cursor.fetchmany(BATCH)):
        yield from batch


@contextmanager
def _errors_said(query: str) -> Iterator[None]:
    """Turn an error of the query into one line; errors of the file pass on."""
    try:
        yield
    except (duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError) as error:
        raise AgpError(said(error, query)) from None
    except (duckdb.OutOfMemoryException, duckdb.PermissionException) as error:
        raise AgpError(said(error, query)) from None


def said(error: Exception, query: str) -> str:
    """Return DuckDB's words about a query in one line, with the place and where to look."""
    text, _, place = str(error).partition("\n\nLINE ")
    line = place.partition(":")[0] if "\n" in query.strip() else ""
    text = " ".join(text.split())[:300] + (f" (line {line})" if line.isdigit() else "")
    names = any(word in text for word in ("Candidate", "does not exist", "not found"))
    return text + ("; `agp sql --tables` names views and columns" if names else "")


def unique(names: list[str]) -> list[str]:
    """Return column names that differ: a repeated one gets a number.

    >>> unique(["a", "a", "b"])
    ['a', 'a_2', 'b']
    """
    seen: set[str] = set()
    for i, name in enumerate(names):
        number = 2
        while names[i] in seen:
            names[i] = f"{name}_{number}"
            number += 1
        seen.add(names[i])
    return names
