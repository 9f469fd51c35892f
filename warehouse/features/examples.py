"""Examples that stand beside a rule or a labeling function, as rows that expressions run over."""

from collections.abc import Mapping, Sequence
from typing import Any

import duckdb

from warehouse.errors import AgpError
from warehouse.features.columns import Column

AT_ONCE = 40  # rows of one INSERT


def empty_database() -> duckdb.DuckDBPyConnection:
    """Return an in-memory database that examples may be put into."""
    con = duckdb.connect(":memory:", config={"enable_external_access": False})
    con.execute("set timezone = 'UTC'")
    return con


def example_rows(
    con: duckdb.DuckDBPyConnection,
    name: str,
    known: Mapping[str, Column],
    examples: Sequence[tuple[str, Mapping[str, Any]]],
) -> duckdb.DuckDBPyRelation:
    """Return examples (who it is, its columns) as rows; measures of the text are computed.

    A column that an example does not give is null, unless its words tell it.
    """
    fields = ", ".join(f"{c.name} {c.type}" for c in known.values())
    con.execute(f"create table given_{name} (row_number bigint, {fields})")
    rows = []
    for row, (label, values) in enumerate(examples):
        strange = sorted(values.keys() - known.keys())
        if strange:
            raise AgpError(f"{label}: there is no column {strange[0]}")
        rows.append([row, *(values.get(n) for n in known)])
    insert(con, name, rows, [label for label, _ in examples])
    measured = ", ".join(
        f"coalesce(given.{c.name}, measured.{c.name}) as {c.name}"
        if c.origin == "text"
        else f"given.{c.name}"
        for c in known.values()
    )
    terms = "".join(f", {c.sql} as {c.name}" for c in known.values() if c.origin == "text")
    return con.sql(
        f"select row_number, {measured} from given_{name} given "
        f"join (select row_number{terms} from given_{name}) measured using (row_number)"
    )


def insert(
    con: duckdb.DuckDBPyConnection, name: str, rows: list[list[Any]], labels: Sequence[str]
) -> None:
    """Insert rows many at once, which is quick; where that fails, one by one to name it."""
    marks = f"({', '.join('?' * len(rows[0]))})" if rows else ""
    for start in range(0, len(rows), AT_ONCE):
        part = rows[start : start + AT_ONCE]
        sql = f"insert into given_{name} values {', '.join([marks] * len(part))}"
        try:
            con.execute(sql, [value for row in part for value in row])
        except duckdb.Error as error:
            if len(part) == 1:
                column = f"{type(error).__name__} in one of its columns"
                raise AgpError(f"{labels[start]}: {column}") from None
            for i, row in enumerate(part, start):
                insert(con, name, [row], [labels[i]])
