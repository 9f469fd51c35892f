"""Bringing decisions up to date: what is new or changed is evaluated, in one pass, in the child."""

import time
from dataclasses import replace
from importlib.resources import files
from typing import TYPE_CHECKING, Any

import duckdb
import pyarrow as pa

from filters.compile import RuleSet
from warehouse.errors import AgpError
from warehouse.expressions import Batch, ExpressionError, Rows, evaluate
from warehouse.features import exchange_rows, message_rows, refresh
from warehouse.memory import sparing
from warehouse.statements import count, execute_file, statement

if TYPE_CHECKING:  # half a second that most commands need not wait for
    import polars as pl


def update(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> int:
    """Evaluate a rule set where it has not been; return how many exchanges that were."""
    return sparing(con, lambda: brought_up_to_date(con, rules))


def brought_up_to_date(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> int:
    """Do it, with as much memory as there is."""
    begin = time.monotonic()
    changed = prepare(con)
    list_todo(con, rules.id)
    todo = count(con, "todo")
    if todo:
        make_masks(con, rules)
        record(con, rules, time.monotonic() - begin)
    if changed or todo or not registered(con, rules):
        register(con, rules)
    return todo


def list_todo(con: duckdb.DuckDBPyConnection, rule_set: str) -> None:
    """Make the temp tables of what a rule set has not seen as it is now; "": of everything."""
    execute_file(con, "filters", "seen.sql")
    execute_file(con, "filters", "todo.sql", rule_set=rule_set, trial=False)


def prepare(con: duckdb.DuckDBPyConnection) -> bool:
    """Bring up to date what rules read: features, copies, neighbours; say if any was behind.

    Copies and neighbours follow from the features, so where these are as they were when the
    others were last made, nothing is done.
    """
    changed = refresh(con)
    state = con.execute(
        "select hash($texts, count(*), bit_xor(hash(exchange_id, fingerprint))) from fingerprints",
        {"texts": own_texts()},
    ).fetchall()
    if not changed and con.execute("select state from prepared").fetchall() == state:
        return False
    from filters.duplicates import update_clusters  # which most runs need not load

    con.execute("delete from prepared")
    update_clusters(con)
    execute_file(con, "filters", "neighbours.sql")
    con.execute("insert into prepared values (?)", state[0])
    return True


def own_texts() -> str:
    """Return all queries and settings of this package: with others, other copies are found."""
    names = sorted(file.name for file in files("filters").iterdir())
    return "".join(statement("filters", n) for n in names if n.endswith((".sql", ".toml")))


def compare(con: duckdb.DuckDBPyConnection, before: RuleSet, after: RuleSet) -> None:
    """Make the temp table `compared`: each exchange with its masks under two rule sets, neither of
    which need be in force; and `combinations`: each pair of masks once, with a number.

    What is not written down yet is evaluated, and kept for the next time; features are up to date.
    """
    execute_file(con, "filters", "seen.sql")
    for rules in (before, after):
        execute_file(con, "filters", "todo.sql", rule_set=rules.id, trial=True)
        if count(con, "todo"):
            make_masks(con, replace(rules, message=()))
            con.execute("begin")
            execute_file(con, "filters", "keep_trial.sql", rule_set=rules.id)
            con.execute("commit")
    execute_file(con, "filters", "compared.sql", before=before.id, after=after.id)


def evaluate_all(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> "dict[str, pl.DataFrame]":
    """Evaluate a rule set over everything without writing it down.

    Returns for `exchange` and `message` what any rule hit: exchange_id, message_id, mask; all
    exchanges, with an empty mask where nothing hit.
    """
    prepare(con)
    list_todo(con, "")
    make_masks(con, rules)
    exchanges = (
        "select t.exchange_id, null::varchar as message_id, coalesce(m.mask, []) as mask "
        "from todo t left join exchange_masks m using (row_number)"
    )
    messages = (
        "select t.exchange_id, t.message_id, m.mask "
        "from todo_messages t join message_masks m using (row_number)"
    )
    return {"exchange": con.sql(exchanges).pl(), "message": con.sql(messages).pl()}


def evaluated(rules: RuleSet, exchanges: Rows, messages: Rows) -> list[pa.Table]:
    """Return masks of exchanges and of messages where any rule hit; an error names its rule."""
    kinds = (rules.exchange, rules.message)
    batches = [
        Batch([c.expression for c in kind], rows)
        for kind, rows in zip(kinds, (exchanges, messages), strict=True)
    ]
    try:
        return evaluate(batches)
    except ExpressionError as error:
        if error.index is None:
            raise AgpError(f"{len(kinds[error.batch])} rules together: {error.reason}") from None
        bad = kinds[error.batch][error.index]
        raise AgpError(f"{bad.path}: rule {bad.rule.id}: {error.reason}") from None


def make_masks(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> None:
    """Evaluate the rules over what is to do, into temp tables exchange_masks, message_masks."""
    reads = [
        frozenset().union(*(c.expression.columns for c in kind))
        for kind in (rules.exchange, rules.message)
    ]
    found = evaluated(rules, exchange_rows(con, reads[0]), message_rows(con, reads[1]))
    for name, table in zip(("exchange_masks", "message_masks"), found, strict=True):
        words = ", ".join(n for n in table.column_names if n != "row_number")
        con.register("found", table)
        con.execute(
            f"create or replace temp table {name} as "
            f"select row_number, [{words}]::ubigint[] as mask from found"
        )
        con.unregister("found")


def record(con: duckdb.DuckDBPyConnection, rules: RuleSet, seconds: float) -> None:
    """Write the decisions of a run, in one transaction."""
    con.execute("begin")
    con.execute(
        "delete from decisions where rule_set = ? "
        "and exchange_id in (select exchange_id from todo)",
        [rules.id],
    )
    con.execute(
        "insert into decisions select ?, t.exchange_id, null, t.fingerprint, "
        "coalesce(m.mask, []) from todo t left join exchange_masks m using (row_number)",
        [rules.id],
    )
    con.execute(
        "insert into decisions select ?, t.exchange_id, t.message_id, null, m.mask "
        "from todo_messages t join message_masks m using (row_number)",
        [rules.id],
    )
    con.execute(
        "insert into rule_runs values (?, current_timestamp::timestamp, ?, ?, ?)",
        [rules.id, count(con, "todo"), count(con, "todo_messages"), seconds],
    )
    con.execute("commit")


def registered(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> bool:
    """Say whether a set's rules stand as they are, and no decisions are left to be forgotten."""
    known = con.execute(
        "select * from rules where rule_set = ? order by applies_to, position", [rules.id]
    ).fetchall()
    left = con.execute(
        "select 1 from (select distinct rule_set from decisions) "
        "where rule_set <> ? and rule_set not in (select rule_set from lane_builds)",
        [rules.id],
    ).fetchall()
    return known == rows_of(rules) and not left


def rows_of(rules: RuleSet) -> list[tuple[Any, ...]]:
    """Return the rows of a set in the table `rules`, those on exchanges first."""
    return [
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


def register(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> None:
    """Write down the rules of a set, and forget sets that no build rests on."""
    con.execute("begin")
    execute_file(con, "filters", "forget.sql", rule_set=rules.id)
    con.execute("delete from rules where rule_set = ?", [rules.id])
    if rows := rows_of(rules):
        con.executemany(f"insert into rules values ({', '.join('?' * 12)})", rows)
    con.execute("commit")
