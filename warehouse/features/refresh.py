"""Bringing features up to date, and the rows that expressions are evaluated over."""

from collections.abc import Collection
from importlib.resources import files

import duckdb

from warehouse.features.columns import columns, measures


def statement(name: str) -> str:
    """Return one of the .sql files beside this module."""
    return (files("warehouse") / "features" / name).read_text(encoding="utf-8")


def refresh(con: duckdb.DuckDBPyConnection) -> int:
    """Compute features where an exchange is new or changed; return how many exchanges that were.

    Leaves the temp tables `fingerprints` (all exchanges) and `words` (the changed ones).
    """
    version = f"{measures('exchange')} {statement('features.sql')} {generation(con)}"
    con.execute(statement("fingerprints.sql"), {"version": version})
    con.execute("begin")
    con.execute(
        "create or replace temp table stale as select exchange_id from fingerprints d "
        "anti join features f using (exchange_id, fingerprint)"
    )
    con.execute(
        "delete from features where exchange_id in (from stale) "
        "or exchange_id not in (select exchange_id from exchanges)"
    )
    con.execute(statement("words.sql"))
    sql = statement("features.sql").format(
        measures=measures("exchange"), hashes=statement("hashes.sql")
    )
    con.execute(sql)
    con.execute("commit")
    return con.execute("select count(*) from stale").fetchall()[0][0]


def generation(con: duckdb.DuckDBPyConnection) -> int:
    """Return the parser generation that the normal layer was derived under."""
    return con.execute("select coalesce(max(generation), 0) from ingests").fetchall()[0][0]


def load_words(con: duckdb.DuckDBPyConnection, wanted: str) -> None:
    """See that the temp table `words` holds the exchanges of the table `wanted`."""
    missing = con.execute(f"select count(*) from {wanted} anti join words using (exchange_id)")
    if missing.fetchall()[0][0]:
        con.execute(f"create or replace temp table stale as select exchange_id from {wanted}")
        con.execute(statement("words.sql"))


def exchange_rows(
    con: duckdb.DuckDBPyConnection, wanted: Collection[str]
) -> duckdb.DuckDBPyRelation:
    """Return the exchanges of the temp table `todo` with the wanted columns and a row_number.

    `words` must hold them where prompt or answer is wanted.
    """
    known = columns("exchange")
    names = [n for n in known if n in wanted]
    table = {n: "words" if known[n].origin == "words" else "features" for n in names}
    selected = "".join(f", {table[n]}.{n}" for n in names)
    words = "left join words using (exchange_id)" if {"prompt", "answer"} & set(names) else ""
    return con.sql(
        f"select todo.row_number {selected} from todo join features using (exchange_id) {words}"
    )


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
        "join messages m using (file_id, record_ordinal) join features f using (exchange_id)"
    )
