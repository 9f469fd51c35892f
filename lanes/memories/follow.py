"""A table from its watermark on: pages in, committed with the new watermark one by one.

What was read before is known by its bytes, so a row that comes again unchanged is not kept again.
A page is committed by a thread while the next one comes; whatever else asks the warehouse waits.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from importlib.resources import files
from typing import Any

import duckdb
import orjson

from lanes.ingest import memory
from lanes.ingest.buffers import Batch
from lanes.ingest.insert import insert
from lanes.memories.gone import reconcile
from lanes.memories.keyset import Row
from lanes.memories.pages import Line, batch_of, line
from lanes.memories.reader import NoTable, Reader
from lanes.memories.settings import MemorySettings, Table
from lanes.sources.memories import key_text
from lanes.sources.times import MILLISECONDS_FROM
from warehouse.errors import AgpError


@dataclass
class Read:
    """What came of a table in one ingest."""

    table: str
    there: bool = True
    rows: int = 0  # new, or another version of a known one
    same: int = 0  # that came again as they were
    gone: int = 0
    note: str = ""


@dataclass
class Follower:
    """Reads one table into the warehouse."""

    con: duckdb.DuckDBPyConnection
    reader: Reader
    settings: MemorySettings
    ingest_id: int
    host: str
    kind: str
    table: Table
    full: bool = False
    progress: Callable[[int], None] = lambda size: None
    order: list[str] = field(default_factory=list)
    pages: int = 0
    since: int = 0  # bytes committed since the last checkpoint
    reached: list[Any] | None = None
    nothing_known: bool = False
    writer: ThreadPoolExecutor = field(init=False)
    writing: Future[int] | None = None

    @property
    def place(self) -> str:
        """Return where the table is, as ids of its rows hold it."""
        return f"{self.host}/{self.table.table}"

    def run(self) -> Read:
        """Read what is new, then see what is gone."""
        read = Read(self.table.table)
        try:
            has = self.reader.columns(self.table.table, self.wanted())
        except NoTable:
            return Read(self.table.table, there=False, note="there is no such table")
        self.check(has)
        updated = next((name for name in self.table.updated if name in has), None)
        key = list(self.table.key)
        self.order = [updated, *key] if updated else key
        self.begin()
        with ThreadPoolExecutor(1) as self.writer:
            if updated:
                self.take(key, (), read, null=updated)
            self.take(self.order, self.start(updated), read)
            reconcile(self, read)
            self.settle()
        return read

    def statement(self, name: str) -> str:
        """Return the statement in a .sql file beside this module."""
        return (files("lanes.memories") / f"{name}.sql").read_text(encoding="utf-8")

    def wanted(self) -> list[str]:
        """Return every column that the settings name."""
        named = [name for names in self.table.columns.values() for name in names]
        return list(dict.fromkeys([*self.table.key, *self.table.updated, *named]))

    def check(self, has: set[str]) -> None:
        """Raise if a table lacks a column that nothing can be done without."""
        if lacking := lacks(self.table, has):
            raise AgpError(
                f"table {self.table.table} has no column {', '.join(lacking)}; "
                "say what it is called in memories.toml (docs/sources.md)"
            )

    def begin(self) -> None:
        """Find the watermark, and what is known of each row."""
        self.learn()
        found = self.con.execute(
            "select pages, ordered_by, reached from memory_watermarks where place = ?", [self.place]
        ).fetchall()
        if found:
            self.pages, ordered, reached = found[0]
            if reached and orjson.loads(ordered) == self.order and not self.full:
                self.reached = orjson.loads(reached)

    def learn(self) -> None:
        """Make the table `known` of what is known of each row."""
        self.settle()
        self.con.execute(self.statement("known"), {"place": self.place})
        [(self.nothing_known,)] = self.con.execute("select count(*) = 0 from known").fetchall()

    def start(self, updated: str | None) -> list[Any]:
        """Return the values to read on after: a little before the watermark."""
        if not self.reached or not updated:
            return []
        return [before(self.reached[0], self.settings.overlap_seconds)]

    def take(
        self, order: Sequence[str], start: Sequence[Any], read: Read, null: str | None = None
    ) -> None:
        """Read pages; the watermark moves only where rows come in its order."""
        for page in self.reader.pages(self.table.table, order, start, null):
            if null is None:
                self.reached = [page[-1][name] for name in order]
            self.keep(page, read)

    def keep(self, rows: list[Row], read: Read) -> None:
        """Commit the rows of a page that are new, with the watermark."""
        lines = {key_text([row.get(n) for n in self.table.key]): line(row) for row in rows}
        fresh = [lines[key] for key in self.unknown(lines)]
        read.rows += len(fresh)
        read.same += len(rows) - len(fresh)
        self.commit(fresh)

    def unknown(self, lines: dict[str, Line]) -> list[str]:
        """Return the keys of rows that are not known as they are now."""
        if self.nothing_known:
            return list(lines)
        import pyarrow as pa

        self.settle()
        now = {"row_key": list(lines), "sha256": [each.sha256 for each in lines.values()]}
        self.con.register("now_rows", pa.table(now))
        found = self.con.execute(self.statement("unknown")).fetchall()
        self.con.unregister("now_rows")
        return [key for (key,) in found]

    def commit(self, lines: list[Line]) -> None:
        """Have records written as a page of their own, and the watermark, in one transaction."""
        if not lines:
            return
        self.pages += 1
        batch, mark = batch_of(lines, self.place, self.pages, self.kind), self.mark()
        self.settle()
        self.writing = self.writer.submit(self.write, batch, mark)

    def write(self, batch: Batch, mark: dict[str, Any]) -> int:
        """Write a batch and the watermark; return how many bytes it was."""

        def beside(con: duckdb.DuckDBPyConnection) -> None:
            con.execute(self.statement("mark"), mark)

        memory.within(self.con, lambda: insert(self.con, batch, self.ingest_id, beside))
        self.since += batch.done
        if self.since > memory.EVERY:
            memory.checkpoint(self.con)
            self.since = 0
        return batch.done

    def settle(self) -> None:
        """Wait until the page before is committed; from here on the warehouse may be asked."""
        if self.writing:
            writing, self.writing = self.writing, None
            self.progress(writing.result())

    def mark(self) -> dict[str, Any]:
        """Return how far the table has been read, as `mark.sql` takes it."""
        reached = None if self.reached is None else orjson.dumps(self.reached).decode()
        order = orjson.dumps(self.order).decode()
        values = {"place": self.place, "ordered_by": order, "reached": reached}
        return values | {"pages": self.pages}


def lacks(table: Table, has: set[str]) -> list[str]:
    """Return which columns a table cannot do without and does not have."""
    missing = [name for name in table.key if name not in has]
    for ours in table.required:
        names = table.columns[ours]
        if not set(names) & has:
            missing.append(" or ".join(names))
    return missing


def before(value: Any, seconds: float) -> Any:
    """Return a time some seconds earlier, written as it was; what is no time stays.

    >>> before("2026-01-01T00:01:00+00:00", 60), before(1748736000000, 60), before("x", 60)
    ('2026-01-01T00:00:00+00:00', 1748735940000, 'x')
    """
    if isinstance(value, int | float):
        return value - type(value)(seconds * (1000 if value > MILLISECONDS_FROM else 1))
    try:
        return (datetime.fromisoformat(value) - timedelta(seconds=seconds)).isoformat()
    except (TypeError, ValueError):
        return value
