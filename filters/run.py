"""Bringing decisions up to date: what is new or changed is evaluated, in one pass, in the child."""

import time
from collections.abc import Sequence
from importlib.resources import files

import duckdb
import pyarrow as pa

from filters.compile import Compiled, RuleSet
from filters.duplicates import update_clusters
from warehouse.errors import AgpError
from warehouse.expressions import ExpressionError, evaluate
from warehouse.features import exchange_rows, message_rows, refresh
from warehouse.features.refresh import load_words


def update(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> int:
    """Evaluate a rule set where it has not been; return how many exchanges that were."""
    begin = time.monotonic()
    refresh(con)
    update_clusters(con)
    execute_file(con, "todo.sql", rule_set=rules.id)
    todo = count(con, "todo")
    if todo:
        hit_exchanges = masks(con, rules.exchange, "exchange")
        hit_messages = masks(con, rules.message, "message")
        record(con, rules, hit_exchanges, hit_messages, time.monotonic() - begin)
    register(con, rules)
    return todo


def execute_file(con: duckdb.DuckDBPyConnection, name: str, **values: str) -> None:
    """Execute the statements of a .sql file beside this module, each with the values it names."""
    for one in con.extract_statements((files("filters") / name).read_text(encoding="utf-8")):
        con.execute(one, {k: v for k, v in values.items() if k in one.named_parameters})


def count(con: duckdb.DuckDBPyConnection, table: str) -> int:
    """Return how many rows a table has."""
    return con.execute(f"select count(*) from {table}").fetchall()[0][0]


def evaluated(rules: Sequence[Compiled], rows: duckdb.DuckDBPyRelation) -> pa.Table:
    """Return row_number and mask words where any rule hit; an error names file and rule."""
    try:
        return evaluate([c.expression for c in rules], rows)
    except ExpressionError as error:
        bad = rules[error.index]
        raise AgpError(f"{bad.path}: rule {bad.rule.id}: {error.reason}") from None


def masks(con: duckdb.DuckDBPyConnection, rules: Sequence[Compiled], on: str) -> str:
    """Evaluate rules over the temp table of their kind; return the name of a table of masks."""
    name = f"{on}_masks"
    wanted = frozenset().union(*(c.expression.columns for c in rules))
    if not rules:
        con.execute(f"create or replace temp table {name} (row_number bigint, mask ubigint[])")
        return name
    if on == "exchange" and wanted & {"prompt", "answer"}:
        load_words(con, "todo")
    rows = (exchange_rows if on == "exchange" else message_rows)(con, wanted)
    found = evaluated(rules, rows)
    words = ", ".join(n for n in found.column_names if n != "row_number")
    con.register("found", found)
    con.execute(
        f"create or replace temp table {name} as select row_number, [{words}] as mask from found"
    )
    con.unregister("found")
    return name


def record(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, exchanges: str, messages: str, seconds: float
) -> None:
    """Write the decisions of a run, in one transaction."""
    con.execute("begin")
    con.execute(
        "delete from decisions where rule_set = ? "
        "and exchange_id in (select exchange_id from todo)",
        [rules.id],
    )
    con.execute(
        "insert into decisions select ?, t.exchange_id, null, t.fingerprint, "
        f"coalesce(m.mask, []) from todo t left join {exchanges} m using (row_number)",
        [rules.id],
    )
    con.execute(
        "insert into decisions select ?, t.exchange_id, t.message_id, null, m.mask "
        f"from todo_messages t join {messages} m using (row_number)",
        [rules.id],
    )
    con.execute(
        "insert into rule_runs values (?, current_timestamp::timestamp, ?, ?, ?)",
        [rules.id, count(con, "todo"), count(con, "todo_messages"), seconds],
    )
    con.execute("commit")


def register(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> None:
    """Write down the rules of a set, and forget sets that no build rests on."""
    con.execute("begin")
    execute_file(con, "forget.sql", rule_set=rules.id)
    con.execute("delete from rules where rule_set = ?", [rules.id])
    rows = [
        (
            rules.id,
            c.rule.id,
            c.position,
            list(c.rule.lanes),
            c.rule.on,
            c.rule.action,
            c.rule.weight,
            c.rule.span,
            c.rule.priority,
            c.rule.why,
            c.expression.text,
            sorted(c.expression.columns),
        )
        for c in rules.rules
    ]
    if rows:
        con.executemany(f"insert into rules values ({', '.join('?' * 12)})", rows)
    con.execute("commit")
