"""The development set that comes with the program, and verdicts of people, as one gold.

The set is about the bundled sample history: its verdicts count only where those exchanges are.
"""

import csv
from functools import cache
from importlib.resources import files

import duckdb
import polars as pl
import pyarrow as pa

from labelers.agreement import kappa
from labelers.concept import concepts

GOLD = """
select r.exchange_id, r.label, r.holds, s.family_id
from reviews r join exchanges e using (exchange_id) join sessions s using (session_id)
order by r.label, r.exchange_id
"""


@cache
def development_set() -> list[dict[str, str]]:
    """Return its rows: exchange_id, drawn, first, second, settled.

    The last three are the labels that hold, separated by spaces: as judged in the first pass, in
    the second, and in the end. All other labels of the vocabulary do not hold.
    """
    path = files("labelers") / "development" / "exchanges.tsv"
    return list(csv.DictReader(path.read_text("utf-8").splitlines(), delimiter="\t"))


def judged_labels() -> list[str]:
    """Return the labels that the development set speaks of."""
    text = (files("labelers") / "development" / "labels.txt").read_text(encoding="utf-8")
    return text.split()


@cache
def verdicts(labels: tuple[str, ...]) -> pa.Table:
    """Return the development set as exchange_id, label, holds: one row a label and exchange."""
    rows = [
        (row["exchange_id"], label, label in row["settled"].split())
        for row in development_set()
        for label in labels
    ]
    return pl.DataFrame(rows, ["exchange_id", "label", "holds"], orient="row").to_arrow()


def keep_shipped(con: duckdb.DuckDBPyConnection) -> None:
    """Put the development set's verdicts beside those of people, which stand above them."""
    con.register(
        "shipped", verdicts(tuple(label for label in judged_labels() if label in concepts()))
    )
    con.execute(
        "insert into reviews select exchange_id, label, holds, 'shipped', "
        "current_timestamp::timestamp from shipped semi join exchanges using (exchange_id) "
        "anti join reviews using (exchange_id, label)"
    )
    con.unregister("shipped")


def gold(con: duckdb.DuckDBPyConnection) -> pl.DataFrame:
    """Return all verdicts on exchanges that are here: exchange_id, label, holds, family_id."""
    return con.sql(GOLD).pl()


def pass_agreement() -> dict[str, tuple[int, float | None]]:
    """Return for each label how many exchanges either pass gave it to, and Cohen's kappa."""
    found = {}
    for label in judged_labels():
        both = [
            (label in row["first"].split(), label in row["second"].split())
            for row in development_set()
        ]
        found[label] = (sum(a or b for a, b in both), kappa(both))
    return found
