"""What the rules in force say of every exchange and message, for one lane."""

from dataclasses import dataclass

import duckdb
import polars as pl

from filters.compile import RuleSet, rule_set
from filters.decide import decide, join_words, strips
from filters.run import update


@dataclass(frozen=True)
class Verdicts:
    """Decisions of a rule set in a lane.

    exchanges: exchange_id, keep, weight, flags, dropped_by; one row an exchange.
    strips: exchange_id, message_id, span; span null: the whole message goes, else an RE2 pattern
    whose matches go. A message may have several spans.
    """

    rule_set: str
    exchanges: pl.DataFrame
    strips: pl.DataFrame


def verdicts(con: duckdb.DuckDBPyConnection, lane: str, rules: RuleSet | None = None) -> Verdicts:
    """Bring decisions of a rule set, or of that in force, up to date; `con` is a writer."""
    rules = rules or rule_set()
    update(con, rules)
    return Verdicts(rules.id, exchange_verdicts(con, rules, lane), strip_verdicts(con, rules, lane))


def exchange_verdicts(con: duckdb.DuckDBPyConnection, rules: RuleSet, lane: str) -> pl.DataFrame:
    """Return keep, weight, flags and dropped_by of every exchange, in order of exchange_id."""
    rows = con.sql(
        "select exchange_id, mask from decisions where rule_set = ? and message_id is null",
        params=[rules.id],
    ).pl()
    return meaning(rows, rules, lane)


def meaning(rows: pl.DataFrame, rules: RuleSet, lane: str) -> pl.DataFrame:
    """Return what masks mean for exchanges: keep, weight, flags and dropped_by of each."""
    seen = rows.select("mask").unique(maintain_order=True)
    outcomes = [decide(join_words(mask), rules.exchange, lane) for mask in seen["mask"].to_list()]
    meant = seen.with_columns(
        pl.Series("keep", [o.keep for o in outcomes], pl.Boolean),
        pl.Series("weight", [o.weight for o in outcomes], pl.Float64),
        pl.Series("flags", [list(o.flags) for o in outcomes], pl.List(pl.String)),
        pl.Series("dropped_by", [list(o.dropped_by) for o in outcomes], pl.List(pl.String)),
    )
    return (
        rows.join(meant, on="mask", how="left")
        .drop("mask", "message_id", strict=False)
        .sort("exchange_id")
    )


def strip_verdicts(con: duckdb.DuckDBPyConnection, rules: RuleSet, lane: str) -> pl.DataFrame:
    """Return what is stripped of which message, in order of exchange and message."""
    rows = con.sql(
        "select exchange_id, message_id, mask from decisions "
        "where rule_set = ? and message_id is not null",
        params=[rules.id],
    ).pl()
    seen = rows.select("mask").unique(maintain_order=True)
    spans = [list(strips(join_words(mask), rules.message, lane)) for mask in seen["mask"].to_list()]
    meant = seen.with_columns(pl.Series("span", spans, pl.List(pl.String)))
    found = rows.join(meant, on="mask", how="left").filter(pl.col("span").list.len() > 0)
    return found.drop("mask").explode("span").sort("exchange_id", "message_id", maintain_order=True)
