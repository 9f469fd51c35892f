"""A rule tried from a browser: an expression comes in, what it would hit and cost goes out.

The expression passes the two walls that `agp filters try` has. The warehouse is read, closed, and
only then is the expression evaluated, so that a slow one keeps no writer out. Nothing is written:
it speaks of exchanges as the rules last saw them.
"""

from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl
import pyarrow as pa

from filters.compile import RuleSet
from filters.rule import LANES
from filters.run import evaluated, list_todo
from filters.trial import one_rule, shown, speaking_of
from filters.verdicts import exchange_verdicts
from warehouse.features import exchange_rows, message_rows
from warehouse.features.refresh import statement
from warehouse.statements import count
from warehouse.store import open_reader

SAMPLES = 12


@dataclass(frozen=True)
class Stand:
    """What an expression is evaluated over, out of the file: rows, their ids, what is kept now."""

    exchanges: pa.Table
    messages: pa.Table
    ids: pl.DataFrame  # row_number, exchange_id, name: the id of what the expression speaks of
    kept: dict[str, pl.DataFrame]  # lane -> exchange_id
    newer: int  # exchanges that no rule has looked at yet


def live(rules: RuleSet, expression: str, on: str) -> dict[str, Any]:
    """Try an expression on exchanges or messages; AgpError in one line where it may not be."""
    trial = one_rule(expression, on)
    with open_reader() as con:
        stand = standing(con, rules, trial, on)
    with speaking_of(expression):
        masks = evaluated(trial, stand.exchanges.to_reader(), stand.messages.to_reader())
    numbers = pl.DataFrame({"row_number": masks[0 if on == "exchange" else 1]["row_number"]})
    hit = stand.ids.join(numbers.cast(pl.Int64), on="row_number", how="semi")
    names = hit["name"].sort().sample(min(SAMPLES, hit.height), seed=1).to_list()
    with open_reader() as con:
        samples = shown(con, names, on)
    return {
        "text": trial.rules[0].expression.text,
        "total": stand.ids.height,
        "hits": hit.height,
        "newer": stand.newer,
        "lanes": [cost(lane, kept, hit) for lane, kept in stand.kept.items()],
        "samples": [{"id": name, "text": text} for name, text in samples],
    }


def cost(lane: str, kept: pl.DataFrame, hit: pl.DataFrame) -> dict[str, Any]:
    """Return how many exchanges a lane keeps today, and how many of them are hit."""
    lost = kept.join(hit, on="exchange_id", how="semi").height
    return {"lane": lane, "kept": kept.height, "hit": lost, "left": kept.height - lost}


def standing(con: duckdb.DuckDBPyConnection, rules: RuleSet, trial: RuleSet, on: str) -> Stand:
    """Return what is needed of a read-only warehouse; only temp tables are made."""
    con.execute("create or replace temp table stale as select exchange_id from features limit 0")
    con.execute(statement("words.sql"))
    list_todo(con, "")
    reads = trial.rules[0].expression.columns
    nothing = pa.table({"row_number": pa.array([], pa.int64())})
    exchanges, messages, table, name = nothing, nothing, "todo", "exchange_id"
    if on == "exchange":
        exchanges = exchange_rows(con, reads).read_all()
    else:
        messages = message_rows(con, reads).to_arrow_table()
        table, name = "todo_messages", "message_id"
    ids = con.sql(f"select row_number, exchange_id, {name} as name from {table}").pl()
    kept = {
        lane: exchange_verdicts(con, rules, lane).filter("keep").select("exchange_id")
        for lane in LANES
    }
    newer = count(con, "exchanges") - count(con, "features")
    return Stand(exchanges, messages, ids, kept, newer)
