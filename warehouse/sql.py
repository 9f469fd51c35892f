"""Running one read-only query of a user's: in, SQL text; out, column names, types and rows.

The query sees the warehouse and nothing else: no files, no settings, no Python variables.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from warehouse.bounds import Bounds, bounded, seal, set_memory
from warehouse.errors import AgpError
from warehouse.interrupt import interruptible
from warehouse.macros import example_files, macro_name
from warehouse.store import open_reader

READS = {"SELECT", "EXPLAIN", "MULTI"}  # MULTI: a PIVOT, which DuckDB splits in several
BATCH = 2_000
WALLS = (
    "set python_enable_replacements = false",
    "set enable_external_access = false",
)
LAST_WALL = "set lock_configuration = true"
UNBOUNDED = Bounds()
# Errors that are about the query; any other may quote a value that the query met.
ABOUT_THE_QUERY = (
    *(duckdb.ParserException, duckdb.SyntaxException, duckdb.BinderException),
    *(duckdb.CatalogException, duckdb.NotImplementedException),
    *(duckdb.OutOfMemoryException, duckdb.PermissionException),
)


@dataclass
class Result:
    """A running query: its columns, and its rows as they come; `cut` once a limit left some out."""

    columns: list[str]
    rows: Iterator[tuple[Any, ...]]
    cut: bool = False

    def at_most(self, limit: int | None) -> None:
        """End after so many rows."""
        if limit is not None:
            self.rows = self._first(self.rows, limit)

    def _first(self, rows: Iterator[tuple[Any, ...]], limit: int) -> Iterator[tuple[Any, ...]]:
        for number, row in enumerate(rows):
            if number == limit:
                self.cut = True
                return
            yield row


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
def running(
    query: str, path: Path | None = None, bounds: Bounds = UNBOUNDED, quoting: bool = True
) -> Iterator[Result]:
    """Run a query within bounds and give its rows while the warehouse is open.

    Without `quoting` no error says a value that the query met.
    """
    with connected(query, path, bounds) as con, _errors_said(query, quoting), bounded(con, bounds):
        cursor = interruptible(con, lambda: con.execute(query))
        columns = unique([column[0] for column in cursor.description or []])
        result = Result(columns, _rows(cursor))
        result.at_most(bounds.rows)
        yield result


@contextmanager
def connected(
    query: str, path: Path | None = None, bounds: Bounds = UNBOUNDED
) -> Iterator[duckdb.DuckDBPyConnection]:
    """Check a query and open the warehouse for it, walled in."""
    check(query)
    with open_reader(path) as con:
        set_memory(con, bounds)
        for wall in WALLS:
            con.execute(wall)
        seal(con, bounds)
        con.execute(LAST_WALL)
        yield con


def _rows(cursor: duckdb.DuckDBPyConnection) -> Iterator[tuple[Any, ...]]:
    while batch := interruptible(cursor, lambda: cursor.fetchmany(BATCH)):
        yield from batch


@contextmanager
def _errors_said(query: str, quoting: bool) -> Iterator[None]:
    """Turn an error of the query into one line; errors of the file pass on."""
    try:
        yield
    except (
        *(duckdb.ProgrammingError, duckdb.DataError, duckdb.NotSupportedError),
        *(duckdb.OutOfMemoryException, duckdb.PermissionException),
    ) as error:
        raise AgpError(said(error, query) if quoting else unquoted(error, query)) from None


def said(error: Exception, query: str) -> str:
    """Return DuckDB's words about a query in one line, with the place and where to look."""
    text, _, place = str(error).partition("\n\nLINE ")
    line = place.partition(":")[0] if "\n" in query.strip() else ""
    text = " ".join(text.split())[:300] + (f" (line {line})" if line.isdigit() else "")
    if macro := next((m for m in macros() if f"Table with name {m} does not" in text), None):
        return f"{macro} is a macro; write it with parentheses: from {macro}()"
    names = any(word in text for word in ("Candidate", "does not exist", "not found"))
    return text + ("; `agp sql --tables` names views and columns" if names else "")


def macros() -> list[str]:
    """Return the names of the example queries as macros."""
    return [macro_name(name) for name in example_files()]


def unquoted(error: Exception, query: str) -> str:
    """Return what was wrong without any value of the warehouse.

    >>> unquoted(duckdb.ConversionException("Could not convert 'hush' to INT32"), "").split(";")[0]
    'ConversionException: the query met a value it cannot take'
    """
    if isinstance(error, ABOUT_THE_QUERY):
        return said(error, query)
    unsaid = "the query met a value it cannot take; it stays unsaid where words are redacted"
    return f"{type(error).__name__}: {unsaid}"


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
