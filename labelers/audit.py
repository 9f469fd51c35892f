"""What each labeling function does, alone and beside the others, and how right the labels are."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import duckdb
import polars as pl

from labelers.agreement import Pair, pairs
from labelers.ceiling import ceiling
from labelers.combine import VOTES
from labelers.gold import gold, pass_agreement
from labelers.label_model import Chosen, Scores, majority
from labelers.load import Labeler
from labelers.masking import masked_measures, masked_votes
from labelers.measure import NAMES
from labelers.scores import average_precision
from warehouse.intervals import wilson
from warehouse.statements import statement

FEW = 10  # exchanges where a label holds; with fewer, a number on gold tells nothing


@dataclass(frozen=True)
class LabelAudit:
    """One label on gold: how often it holds, how well it is found, with words and without."""

    label: str
    holds: int
    judged: int
    voted: int  # of those judged
    average_precision: float | None
    masked: float | None  # the same, with the kernel's words taken out of the history
    ceiling: float | None  # of a model that was fitted on the masked measures, cross-fitted
    chance: float  # average precision of a guess
    between_passes: float | None  # Cohen's kappa of the two readings of the development set

    @property
    def verdict(self) -> str:
        """Say in words what the numbers allow."""
        if self.holds < FEW:
            return "too few to tell"
        if self.masked is None or self.masked < 2 * self.chance:
            return "rests on words"
        return "not words alone"


def audit(
    con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler], chosen: Chosen
) -> dict[str, Any]:
    """Return all that `agp labels audit` shows; votes must be up to date."""
    votes, judged = con.sql(VOTES).pl(), gold(con)
    return {
        "functions": functions(con),
        "agreement": [asdict(p) | {"correlated": p.correlated} for p in told(pairs(votes))],
        "labels": [
            vars(one) | {"verdict": one.verdict} for one in on_gold(con, labelers, votes, judged)
        ],
        "model": asdict(chosen),
    }


def functions(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return a row a function: polarity, coverage, overlap, conflict, accuracy with interval."""
    rows = con.sql(statement("labelers", "audit.sql")).pl().to_dicts()
    for row in rows:
        n = row["gold"]
        row["accuracy"] = row["correct"] / n if n else None
        row["low"], row["high"] = wilson(row["correct"], n) if n else (None, None)
    return rows


def told(found: Sequence[Pair]) -> list[Pair]:
    """Return the pairs in which chance does not explain everything, the closest first."""
    some = [pair for pair in found if pair.kappa is not None]
    return sorted(some, key=lambda p: (-abs(p.kappa or 0), p.label, p.one, p.other))


def on_gold(
    con: duckdb.DuckDBPyConnection,
    labelers: Sequence[Labeler],
    votes: pl.DataFrame,
    judged: pl.DataFrame,
) -> list[LabelAudit]:
    """Return how each judged label does; without any gold, nothing."""
    if judged.is_empty():
        return []
    measures = masked_measures(con, labelers)
    plain, masked = majority(votes), majority(masked_votes(con, labelers, measures))
    readings = pass_agreement()
    found = []
    for (name,), group in judged.group_by("label", maintain_order=True):
        label, holds = str(name), group["holds"].to_list()
        names = group["exchange_id"].to_list()
        found.append(
            LabelAudit(
                label,
                sum(holds),
                len(holds),
                sum((label, x) in plain for x in names),
                average_precision(ranked(plain, label, names), holds),
                average_precision(ranked(masked, label, names), holds),
                measured_best(group, measures),
                sum(holds) / len(holds),
                readings.get(label, (0, None))[1],
            )
        )
    return found


def measured_best(judged: pl.DataFrame, measures: pl.DataFrame) -> float | None:
    """Return what the measures of judged exchanges could tell of one label at best."""
    both = judged.join(measures, on="exchange_id")
    found = both.select(pl.col(NAMES).cast(pl.Float64)).to_numpy()
    return ceiling(found, both["holds"].to_list(), both["family_id"].to_list())


def ranked(scores: Scores, label: str, names: Sequence[str]) -> list[float]:
    """Return a label's score of each exchange; where nothing voted it is open."""
    return [scores.get((label, name), 0.5) for name in names]
