"""What another generation of parsers makes of the same bytes: a warehouse in, differences out.

The normal layer is derived once more into temporary tables of the same names, which stand before
the warehouse's own; the warehouse is open read-only and is not changed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import duckdb

from agp.rebuild import fill
from lanes.exchanges import DERIVED
from lanes.sources import GENERATION
from lanes.sources.rows import TABLES

# What names a row; of a table without one, a changed row counts as one gone and one new.
KEYS: dict[str, tuple[str, ...]] = {
    "messages": ("file_id", "record_ordinal", "message_id"),
    "placements": ("file_id", "record_ordinal", "message_id"),
    "blocks": ("file_id", "record_ordinal", "ordinal"),
    "logged_prompts": ("file_id", "record_ordinal", "message_id"),
    "tool_outputs": ("file_id", "record_ordinal"),
    "long_texts": ("file_id", "record_ordinal", "tool_call_id", "part", "piece"),
    "sessions": ("session_id",),
    "exchanges": ("exchange_id",),
    "tool_calls": ("exchange_id", "tool_call_id"),
}
SAMPLES = 20


@dataclass
class Change:
    """How a table differs: rows that stand in both, in one, or under one key with other values."""

    table: str
    kept: int  # rows in the warehouse
    now: int  # rows that today's parsers make
    only_kept: int = 0
    only_now: int = 0
    changed: int = 0
    columns: dict[str, int] = field(default_factory=dict)  # column -> rows in which it differs
    samples: list[str] = field(default_factory=list)  # keys of rows that differ

    @property
    def differs(self) -> bool:
        """Whether any row does."""
        return bool(self.only_kept or self.only_now or self.changed)


def generations(con: duckdb.DuckDBPyConnection) -> tuple[int | None, int]:
    """Return the generation of parsers that made what is kept, and today's."""
    query = "select arg_max(generation, ingest_id) from ingests"
    [(kept,)] = con.execute(query).fetchall()
    return kept, GENERATION


def differences(
    con: duckdb.DuckDBPyConnection, progress: Callable[[int], None] = lambda done: None
) -> list[Change]:
    """Derive the normal layer anew beside the kept one and compare them table by table."""
    [(home,)] = con.execute("select current_database()").fetchall()
    tables = (*TABLES, *DERIVED)
    sql = dict(
        con.execute("select table_name, sql from duckdb_tables() where not temporary").fetchall()
    )
    for table in tables:
        con.execute(sql[table].replace("CREATE TABLE", "CREATE TEMP TABLE", 1))
    found = con.execute(f'select session_id from "{home}".main.sessions').fetchall()
    fill(con, {session for (session,) in found}, progress)
    return [
        compared(con, table, f'"{home}".main.{table}', f"temp.main.{table}") for table in tables
    ]


def compared(con: duckdb.DuckDBPyConnection, table: str, kept: str, now: str) -> Change:
    """Compare two tables of the same columns."""
    counts = [con.execute(f"select count(*) from {t}").fetchall()[0][0] for t in (kept, now)]
    change = Change(table, *counts)
    for name, a, b in (("gone", kept, now), ("new", now, kept)):
        con.execute(f"create or replace temp table {name} as (from {a} except all from {b})")
    gone, new = (con.execute(f"select count(*) from {t}").fetchall()[0][0] for t in ("gone", "new"))
    keys = KEYS.get(table)
    if keys and gone and new:
        by_key(con, change, keys)
    change.only_kept, change.only_now = gone - change.changed, new - change.changed
    if keys and change.differs:
        row, both = f"concat_ws(':', {', '.join(keys)})", "(from gone union all by name from new)"
        query = f"select distinct {row} from {both} order by 1 limit {SAMPLES}"
        change.samples = [name for (name,) in con.execute(query).fetchall()]
    return change


def by_key(con: duckdb.DuckDBPyConnection, change: Change, keys: tuple[str, ...]) -> None:
    """Count the rows that stand under one key in both, and in which columns they differ."""
    described = con.execute("describe gone").fetchall()
    others = [column[0] for column in described if column[0] not in keys]
    sums = ", ".join(f'count(*) filter (a."{c}" is distinct from b."{c}")' for c in others)
    query = f"select count(*), {sums} from gone a join new b using ({', '.join(keys)})"
    [(change.changed, *counts)] = con.execute(query).fetchall()
    change.columns = {c: n for c, n in zip(others, counts, strict=True) if n}
