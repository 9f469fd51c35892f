"""Bringing features up to date, and the rows that expressions are evaluated over."""

from collections.abc import Collection, Iterator
from importlib.resources import files

import duckdb
import pyarrow as pa

from warehouse.features.columns import columns, measures

SLICE = 50_000  # exchanges whose words are held in memory at once
BATCH = 20_000  # rows handed over at once


def statement(name: str) -> str:
    """Return one of the .sql files beside this module."""
    return (files("warehouse") / "features" / name).read_text(encoding="utf-8")


def refresh(con: duckdb.DuckDBPyConnection) -> int:
    """Compute features where an exchange is new or changed; return how many exchanges that were.

    Leaves the temp tables `fingerprints` (all exchanges) and `words` (some of the changed ones).
    """
    version = f"{measures('exchange')} {statement('features.sql')} {generation(con)}"
    con.execute(statement("fingerprints.sql"), {"version": version})
    sql = statement("features.sql").format(
        measures=measures("exchange"), hashes=statement("hashes.sql")
    )
    con.execute("begin")
    con.execute(
        "create or replace temp table changed as "
        "select exchange_id, row_number() over () as row_number from fingerprints d "
        "anti join features f using (exchange_id, fingerprint)"
    )
    if nothing_new(con):
        con.execute("create or replace temp table stale as select exchange_id from changed")
        con.execute(statement("words.sql"))
        con.execute("commit")
        return 0
    con.execute(
        "delete from features where exchange_id in (select exchange_id from changed) "
        "or exchange_id not in (select exchange_id from exchanges)"
    )
    for part in slices(con, "changed"):
        con.execute(f"create or replace temp table stale as {part}")
        con.execute(statement("words.sql"))
        con.execute(sql)
    con.execute("commit")
    return con.execute("select count(*) from changed").fetchall()[0][0]


def nothing_new(con: duckdb.DuckDBPyConnection) -> bool:
    """Say whether no exchange is in the table `changed`, and each feature row's is still there."""
    counts = "select (select count(*) from changed), count(*) from features"
    gone = f"{counts} anti join exchanges using (exchange_id)"
    return con.execute(gone).fetchall() == [(0, 0)]


def slices(con: duckdb.DuckDBPyConnection, table: str) -> Iterator[str]:
    """Yield a query for each slice of a table with a row_number from 1; one of none if empty."""
    rows = con.execute(f"select count(*) from {table}").fetchall()[0][0]
    for start in range(0, max(rows, 1), SLICE):
        yield f"from {table} where row_number > {start} and row_number <= {start + SLICE}"


def generation(con: duckdb.DuckDBPyConnection) -> int:
    """Return the parser generation that the normal layer was derived under."""
    return con.execute("select coalesce(max(generation), 0) from ingests").fetchall()[0][0]


def load_words(con: duckdb.DuckDBPyConnection, wanted: str) -> None:
    """See that the temp table `words` holds the exchanges of the table `wanted`."""
    missing = con.execute(f"select count(*) from {wanted} anti join words using (exchange_id)")
    if missing.fetchall()[0][0]:
        con.execute(f"create or replace temp table stale as select exchange_id from {wanted}")
        con.execute(statement("words.sql"))


def exchange_rows(con: duckdb.DuckDBPyConnection, wanted: Collection[str]) -> pa.RecordBatchReader:
    """Return the exchanges of the temp table `todo` with the wanted columns and a row_number.

    They are read as they are asked for, the words slice by slice; until then `con` is theirs.
    """
    known = columns("exchange")
    names = [n for n in known if n in wanted]
    table = {n: "words" if known[n].origin == "words" else "features" for n in names}
    selected = "".join(f", {table[n]}.{n}" for n in names)
    words = "words" in table.values()
    join = "left join words using (exchange_id)" if words else ""

    def batches() -> Iterator[pa.RecordBatch]:
        for part in slices(con, "todo") if words else ["from todo"]:
            con.execute(f"create or replace temp table part as {part}")
            if words:
                load_words(con, "part")
            yield from con.sql(sql).to_arrow_reader(BATCH)

    con.execute("create or replace temp table part as from todo limit 0")
    sql = f"select part.row_number {selected} from part join features using (exchange_id) {join}"
    return pa.RecordBatchReader.from_batches(con.sql(sql).to_arrow_table().schema, batches())


def message_rows(
    con: duckdb.DuckDBPyConnection, wanted: Collection[str]
) -> duckdb.DuckDBPyRelation:
    """Return the messages of the temp table `todo_messages` with the wanted columns."""
    known = columns("message")
    elsewhere = {
        "is_subagent": "m.agent_id is not null",
        "exchange_author": "f.author",
        "exchange_kind": "f.kind",
        "ordinal": "x.ordinal",
    }
    selected = "".join(
        f", {known[n].sql or elsewhere.get(n, f'm.{n}')} as {n}" for n in known if n in wanted
    )
    return con.sql(
        f"select x.row_number {selected} from todo_messages x "
        "join messages m using (file_id, record_ordinal, message_id) "
        "join features f using (exchange_id)"
    )
