"""Votes to labels: how probable each label is for each exchange that anything voted on."""

import hashlib

import duckdb
import polars as pl

from labelers.bundles import named_bundles, refresh_bundles
from labelers.gold import gold
from labelers.label_model import Chosen, choose
from warehouse.statements import execute_file

VOTES = """
select labeler, exchange_id, label, holds, confidence from votes where label is not null
order by label, exchange_id, labeler
"""


def combine(con: duckdb.DuckDBPyConnection) -> Chosen:
    """Make the table labels anew from votes and reviews, where either or a bundle changed."""
    named = "".join(repr(bundle) for bundle in named_bundles())
    digest = execute_file(con, "labelers", "votes_digest.sql")[0][0]
    digest += f"-{hashlib.blake2b(named.encode(), digest_size=8).hexdigest()}"
    kept = con.execute("select choice from label_runs where digest = ?", [digest]).fetchall()
    if kept:
        return Chosen.read(kept[0][0])
    chosen, scores = choose(con.sql(VOTES).pl(), gold(con))
    rows = [
        (exchange_id, label, chosen.calibration(score))
        for (label, exchange_id), score in scores[chosen.model].items()
    ]
    schema = {"exchange_id": pl.String, "label": pl.String, "probability": pl.Float64}
    con.register("scored", pl.DataFrame(rows, schema, orient="row").to_arrow())
    con.execute("begin")
    execute_file(con, "labelers", "labels.sql", model=chosen.model)
    con.execute("delete from label_runs")
    con.execute("insert into label_runs values (?, ?)", [digest, chosen.text()])
    con.execute("commit")
    con.unregister("scored")
    refresh_bundles(con)
    return chosen
