"""Memory tables by the database's own URL: questions in SQL, rows as the project would give them.

PostgREST makes its answers with `to_json`; so does this, and a row is the same bytes either way.
Vectors alone come in their binary form, which costs the server next to nothing.
"""

import json
import re
from collections.abc import Iterator, Sequence
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import orjson

from lanes.ingest.light import without
from lanes.memories.access import DATABASE, Access
from lanes.memories.ahead import ahead
from lanes.memories.keyset import Row, literal, quoted
from lanes.memories.reader import NoTable
from lanes.memories.settings import MemorySettings
from lanes.sources.vectors import Vector
from warehouse.errors import AgpError

if TYPE_CHECKING:
    import pyarrow as pa
    from adbc_driver_postgresql.dbapi import Connection

TOGETHER = 4 << 20  # bytes of rows that are read, and committed, at once
BATCH = "adbc.postgresql.batch_size_hint_bytes"
LONG_NUMBER = "[0-9]{19}"  # of which orjson would make a float


class PostgresReader:
    """Reads in one stream, which a database gives faster than many pages."""

    def __init__(self, way: Access, settings: MemorySettings) -> None:
        """Connect."""
        try:
            with without("polars"):  # which it would import before Arrow, for nothing
                from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError:
            raise AgpError(
                f"{DATABASE} is set, and the driver for it is not installed; "
                "run pip install 'agp[postgres]', or unset it and use the project's address and key"
            ) from None
        import pyarrow as pa

        self.way, self.settings = way, settings
        self.errors = (dbapi.Error, pa.ArrowException, OSError, ValueError)  # of a stream too
        self.known: dict[str, dict[str, bool]] = {}
        try:
            self.con: Connection = dbapi.connect(way.url, autocommit=True)
        except self.errors as error:
            raise self.problem(error) from None

    def named(self, table: str) -> str:
        """Return a table's name in its schema, as SQL reads it."""
        return f"{quoted(self.settings.schema_name)}.{quoted(table)}"

    def columns(self, table: str, wanted: Sequence[str]) -> set[str]:
        """Return which of these columns a table has."""
        return set(wanted) & set(self.shape(table))

    def shape(self, table: str) -> dict[str, bool]:
        """Return for each column of a table whether it holds vectors."""
        if table not in self.known:
            query = (files("lanes.memories") / "shape.pg.sql").read_text("utf-8")
            self.known[table] = dict(self.all(query.format(literal(self.named(table)))))
        if not self.known[table]:
            raise NoTable(table)
        return self.known[table]

    def whole(self, table: str) -> str:
        """Return the beginning of a query for rows `t`: each as JSON, its vectors beside it."""
        shape = self.shape(table)
        if not any(shape.values()):
            return f"select to_json(t)::text from {self.named(table)} t"
        plain = ", ".join(f"t.{quoted(name)}" for name, vectors in shape.items() if not vectors)
        beside = ", ".join(f"t.{quoted(name)}" for name, vectors in shape.items() if vectors)
        return (
            f"select to_json(r)::text, {beside} "
            f"from {self.named(table)} t, lateral (select {plain}) r"
        )

    def pages(
        self, table: str, order: Sequence[str], after: Sequence[Any], null: str | None = None
    ) -> Iterator[list[Row]]:
        """Yield all rows after the given values, in order, page by page."""
        names = [f"t.{quoted(name)}" for name in order]
        where = f"t.{quoted(null)} is null" if null else f"{names[0]} is not null"
        if after:
            values = ", ".join(literal(value) for value in after)
            where += f" and ({', '.join(names[: len(after)])}) > ({values})"
        yield from self.stream(f"{self.whole(table)} where {where} order by {', '.join(names)}")

    def keys(self, table: str, key: Sequence[str]) -> Iterator[list[Row]]:
        """Yield the keys of all rows, page by page."""
        names = ", ".join(quoted(name) for name in key)
        yield from self.stream(
            f"select to_json(t)::text from (select {names} from {self.named(table)}) t"
        )

    def rows(self, table: str, key: Sequence[str], keys: Sequence[Sequence[Any]]) -> list[Row]:
        """Return the rows of these keys."""
        names = ", ".join(f"t.{quoted(name)}" for name in key)
        values = ", ".join(f"({', '.join(literal(v) for v in each)})" for each in keys)
        query = f"{self.whole(table)} where ({names}) in ({values})"
        return [row for page in self.stream(query) for row in page]

    def count(self, table: str, key: Sequence[str]) -> int:
        """Return how many rows a table has."""
        [(count,)] = self.all(f"select count(*) from {self.named(table)}")
        return count

    def stream(self, query: str) -> Iterator[list[Row]]:
        """Yield the rows of a query, a few megabytes at a time; the next ones come meanwhile."""
        try:
            with self.con.cursor() as cursor:
                cursor.adbc_statement.set_options(**{BATCH: str(TOGETHER)})
                cursor.execute(query)
                for batch in ahead(cursor.fetch_record_batch(), cursor.adbc_cancel):
                    yield rows_of(batch)
        except self.errors as error:
            raise self.problem(error) from None

    def all(self, query: str) -> list[tuple[Any, ...]]:
        """Return all rows of a small answer."""
        try:
            with self.con.cursor() as cursor:
                cursor.execute(query)
                return cursor.fetchall()
        except self.errors as error:
            raise self.problem(error) from None

    def problem(self, error: Exception) -> AgpError:
        """Return what went wrong in one line, without the URL and its password."""
        said = " ".join(str(error).split()).replace(self.way.url, "[URL]")
        said = re.sub(r"postgres(ql)?://\S+", "[URL]", said)
        return AgpError(f"{self.way.host}: {said[:200]}; what was read is kept, run it again")

    def close(self) -> None:
        """Let go of the connection."""
        self.con.close()


def rows_of(batch: "pa.RecordBatch") -> list[Row]:
    """Return the rows of a batch: a column of JSON objects, then columns of vectors by name."""
    import pyarrow.compute as pc

    text, *beside = batch.columns
    found = pc.match_substring_regex(text, LONG_NUMBER)  # pyright: ignore[reportAttributeAccessIssue]
    exact = found.true_count > 0
    rows: list[Row] = list(map(json.loads if exact else orjson.loads, text.to_pylist()))
    for name, column in zip(batch.schema.names[1:], beside, strict=True):
        binary = getattr(column, "storage", column).to_pylist()
        for row, value in zip(rows, binary, strict=True):
            row[name] = None if value is None else Vector(value)
    return rows
