"""What a rule not yet written would do."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb
import polars as pl

from filters.compile import RuleSet, compile_rules, digest
from filters.files import Placed, load
from filters.rule import Rule
from filters.run import evaluate_all
from filters.samples import excerpts, shortened
from filters.verdicts import exchange_verdicts
from warehouse.errors import AgpError
from warehouse.expressions import ExpressionError, check
from warehouse.features import columns
from warehouse.statements import count

TRIED = Path("EXPR")  # where the rule that is tried stands


@dataclass(frozen=True)
class Trial:
    """What an expression hits: of all, of those that the rules in force keep, and some of them."""

    expression: str
    on: str
    total: int
    hits: int
    kept_hits: int  # exchange rules: hits that the rules in force keep, so what a drop would cost
    samples: list[tuple[str, str]]  # id, excerpt


def one_rule(expression: str, on: str) -> RuleSet:
    """Return a rule set of one expression alone; an error speaks of the expression alone."""
    try:
        check(expression, columns(on))
    except ExpressionError as error:
        at = f" (column {error.column})" if error.column else ""
        raise AgpError(f"{shortened(expression)}: {error.reason}{at}") from None
    action = "drop" if on == "exchange" else "strip"
    rule = Rule.model_validate(
        {"id": "try", "why": "tried", "on": on, "action": action, "where": expression,
         "hit": ["-"], "miss": ["-"]}
    )  # fmt: skip
    with speaking_of(expression):
        every = compile_rules([*load(), Placed(rule, TRIED)])  # which it may name
    tried = replace(next(c for c in every.rules if c.path == TRIED), position=0)
    kinds = (
        {"exchange": [tried], "message": []}
        if on == "exchange"
        else {"exchange": [], "message": [tried]}
    )
    return RuleSet(digest(kinds), tuple(kinds["exchange"]), tuple(kinds["message"]))


@contextmanager
def speaking_of(expression: str) -> Iterator[None]:
    """Have errors of the rule that is tried speak of the expression alone."""
    try:
        yield
    except AgpError as error:
        said = error.message.removeprefix(f"{TRIED}: rule try: ")
        if said == error.message:
            raise
        raise AgpError(f"{shortened(expression)}: {said}") from None


def attempt(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, trial: RuleSet, on: str, lane: str, each: int
) -> Trial:
    """Try a set of one rule over everything; the rules in force must be up to date."""
    with speaking_of(trial.rules[0].rule.where):
        everything = evaluate_all(con, trial)[on]
    hit = everything.filter(pl.col("mask").list.sum() > 0)
    kept = exchange_verdicts(con, rules, lane).filter("keep").select("exchange_id")
    key = "exchange_id" if on == "exchange" else "message_id"
    return Trial(
        trial.rules[0].expression.text,
        on,
        count(con, "todo" if on == "exchange" else "todo_messages"),
        hit.height,
        hit.join(kept, on="exchange_id", how="semi").height,
        shown(con, hit[key].sort().sample(min(each, hit.height), seed=1).to_list(), on),
    )


def shown(con: duckdb.DuckDBPyConnection, names: list[str], on: str) -> list[tuple[str, str]]:
    """Return excerpts of exchanges' prompts, or of messages, with their ids."""
    key = "exchange_id" if on == "exchange" else "message_id"
    first = "and ordinal = 0" if on == "exchange" else ""
    rows = con.execute(
        f"select {key}, left(text, 4000) from v_messages where {key} in (select unnest(?)) "
        f"{first} order by 1",
        [names],
    ).fetchall()
    return list(zip([row[0] for row in rows], excerpts([r[1] or "" for r in rows]), strict=True))
