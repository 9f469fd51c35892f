"""Exchanges in, the memories that precede them and have to do with them out."""

from importlib.resources import files
from typing import Any

import duckdb

from lanes.memories.settings import Linked

ONE = """create or replace temp table asked as
select e.exchange_id, e.session_id, e.asked_at, e.project, s.cwd, e.prompt
from v_exchanges e left join v_sessions s using (session_id) where e.exchange_id = $exchange"""
COLUMNS = (
    "exchange_id",
    "memory_id",
    "created_at",
    "text_similarity",
    "embedding_similarity",
    "same_project",
    "same_conversation",
    "phase",
    "role",
    "score",
    "text",
)


def link(
    con: duckdb.DuckDBPyConnection, settings: Linked, every: bool = False, unchanged: bool = False
) -> None:
    """Make the table `linked` for the exchanges in the table `asked`.

    `every`: an embedding is compared with those of all memories, not only of those that share
    words. `unchanged`: a memory that was written again after the exchange is none.
    """
    values = settings.model_dump() | {"every": every, "unchanged": unchanged}
    text = (files("lanes.memories") / "linked.sql").read_text(encoding="utf-8")
    for statement in duckdb.extract_statements(text):
        named = {name: values[name] for name in statement.named_parameters}
        con.execute(statement, named).fetchall()


def memories_of(
    con: duckdb.DuckDBPyConnection, name: str, settings: Linked
) -> tuple[str, list[dict[str, Any]]]:
    """Return an exchange's id, by the beginning of it, and its memories, the nearest first."""
    from warehouse.ids import find_exchange

    exchange_id = find_exchange(con, name)
    con.execute(ONE, {"exchange": exchange_id})
    link(con, settings, every=True)
    query = f"select {', '.join(COLUMNS)} from linked order by score desc, memory_id"
    rows = con.execute(query).fetchall()
    return exchange_id, [dict(zip(COLUMNS, row, strict=True)) for row in rows]
