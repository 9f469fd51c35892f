"""Memory tables by the database's own URL: questions in SQL, rows as the project would give them.

PostgREST makes its answers with `to_json`; so does this, and a row is the same bytes either way.
"""

import re
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

import orjson

from lanes.memories.access import DATABASE, Access
from lanes.memories.keyset import Row, literal, quoted
from lanes.memories.reader import NoTable
from lanes.memories.settings import MemorySettings
from warehouse.errors import AgpError

if TYPE_CHECKING:
    from adbc_driver_postgresql.dbapi import Connection

TOGETHER = 4 << 20  # characters of rows that are committed at once
COLUMNS = """select attname from pg_attribute
where attrelid = to_regclass({}) and attnum > 0 and not attisdropped"""


class PostgresReader:
    """Reads in one stream, which a database gives faster than many pages."""

    def __init__(self, way: Access, settings: MemorySettings) -> None:
        """Connect."""
        try:
            from adbc_driver_postgresql import dbapi
        except ModuleNotFoundError:
            raise AgpError(
                f"{DATABASE} is set, and the driver for it is not installed; "
                "run pip install 'agp[postgres]', or unset it and use the project's address and key"
            ) from None
        self.way, self.settings, self.errors = way, settings, dbapi.Error
        try:
            self.con: Connection = dbapi.connect(way.url, autocommit=True)
        except dbapi.Error as error:
            raise self.problem(error) from None

    def named(self, table: str) -> str:
        """Return a table's name in its schema, as SQL reads it."""
        return f"{quoted(self.settings.schema_name)}.{quoted(table)}"

    def columns(self, table: str, wanted: Sequence[str]) -> set[str]:
        """Return which of these columns a table has."""
        found = {name for (name,) in self.all(COLUMNS.format(literal(self.named(table))))}
        if not found:
            raise NoTable(table)
        return set(wanted) & found

    def pages(
        self, table: str, order: Sequence[str], after: Sequence[Any], null: str | None = None
    ) -> Iterator[list[Row]]:
        """Yield all rows after the given values, in order, page by page."""
        names = [f"t.{quoted(name)}" for name in order]
        where = f"t.{quoted(null)} is null" if null else f"{names[0]} is not null"
        if after:
            values = ", ".join(literal(value) for value in after)
            where += f" and ({', '.join(names[: len(after)])}) > ({values})"
        yield from self.stream(
            f"select to_json(t)::text from {self.named(table)} t where {where} "
            f"order by {', '.join(names)}"
        )

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
        query = f"select to_json(t)::text from {self.named(table)} t where ({names}) in ({values})"
        return [row for page in self.stream(query) for row in page]

    def count(self, table: str, key: Sequence[str]) -> int:
        """Return how many rows a table has."""
        [(count,)] = self.all(f"select count(*) from {self.named(table)}")
        return count

    def stream(self, query: str) -> Iterator[list[Row]]:
        """Yield the objects that a query of one JSON column gives, a few megabytes at a time."""
        waiting: list[Row] = []
        size = 0
        try:
            with self.con.cursor() as cursor:
                cursor.execute(query)
                for batch in cursor.fetch_record_batch():
                    for text in batch.column(0).to_pylist():
                        waiting.append(orjson.loads(text))
                        size += len(text)
                        if size >= TOGETHER:
                            yield waiting
                            waiting, size = [], 0
        except self.errors as error:
            raise self.problem(error) from None
        if waiting:
            yield waiting

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
