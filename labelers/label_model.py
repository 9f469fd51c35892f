"""Votes to probabilities, by majority vote and by Dawid–Skene; the better one on gold is used."""

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from importlib.resources import files

import polars as pl

from labelers.agreement import voices
from labelers.calibration import Platt, brier, cross_fitted, fit
from labelers.dawid_skene import dawid_skene

SMOOTHING = 0.5  # of a vote for either side, so that one vote alone is not certain
ENOUGH_GOLD = 100  # judged exchanges with a vote from which on a history's own gold decides
Scores = dict[tuple[str, str], float]  # (label, exchange) -> score


@dataclass(frozen=True)
class Chosen:
    """The model in use, its calibration, and how both did on gold (Brier score, cross-fitted)."""

    model: str
    calibration: Platt
    gold: int  # judged pairs of label and exchange that had a vote
    brier: Mapping[str, float]
    fitted_on: str  # this history's reviews, or the development set that comes with the program
    unvoted: Mapping[str, float]  # label -> how often it holds where no function voted on it

    def text(self) -> str:
        """Return it as JSON."""
        return json.dumps(asdict(self), indent=1) + "\n"

    @classmethod
    def read(cls, text: str) -> "Chosen":
        """Return a choice from its JSON."""
        known = json.loads(text)
        return cls(**known | {"calibration": Platt(**known["calibration"])})


def majority(votes: pl.DataFrame) -> Scores:
    """Return the smoothed share of confidence for each label; correlated functions share a voice.

    `votes`: labeler, exchange_id, label, holds, confidence.
    """
    voice = voices(votes)
    sizes: dict[tuple[str, str], int] = {}
    for (label, _), name in voice.items():
        sizes[label, name] = sizes.get((label, name), 0) + 1
    sums: dict[tuple[str, str], list[float]] = {}
    for row in votes.iter_rows(named=True):
        label = row["label"]
        weight = row["confidence"] / sizes[label, voice[label, row["labeler"]]]
        both = sums.setdefault((label, row["exchange_id"]), [SMOOTHING, SMOOTHING])
        both[bool(row["holds"])] += weight
    return {key: yes / (yes + no) for key, (no, yes) in sums.items()}


def skene(votes: pl.DataFrame) -> Scores:
    """Return Dawid–Skene's probability; where it has nothing to learn from, the majority's.

    One fit for all labels: a question is a label of an exchange, a judge is a voice on a label, so
    that labels share nothing but the prior.
    """
    voice = voices(votes)
    judges = [
        f"{label} {voice[label, name]}" for label, name in votes.select("label", "labeler").rows()
    ]
    merged = (
        votes.with_columns(pl.Series("worker", judges, pl.String))
        .group_by("label", "exchange_id", "worker")
        .agg(pl.col("holds").mean().alias("share"))
        .filter(pl.col("share") != 0.5)
        .select(
            pl.concat_str("label", "exchange_id", separator=" ").alias("question"),
            "worker",
            (pl.col("share") > 0.5).alias("holds"),
        )
        .sort("question", "worker")
    )
    found = dawid_skene(merged)
    scores = majority(votes)
    return {key: found.get(" ".join(key), score) for key, score in scores.items()}


MODELS: dict[str, Callable[[pl.DataFrame], Scores]] = {"majority": majority, "dawid-skene": skene}


def choose(votes: pl.DataFrame, gold: pl.DataFrame) -> tuple[Chosen, dict[str, Scores]]:
    """Return the better model on gold with its calibration, and the scores by model.

    `gold`: exchange_id, label, holds, family_id. With too little of it the choice made on the
    development set stands.
    """
    scores = {"majority": majority(votes)}
    judged = [
        ((row["label"], row["exchange_id"]), bool(row["holds"]), row["family_id"])
        for row in gold.iter_rows(named=True)
        if (row["label"], row["exchange_id"]) in scores["majority"]
    ]
    if len(judged) < ENOUGH_GOLD:
        known = shipped()
        return known, scores | {known.model: MODELS[known.model](votes)}
    scores |= {name: model(votes) for name, model in MODELS.items() if name not in scores}
    keys, holds, families = zip(*judged, strict=True)
    errors, fits = {}, {}
    for name in MODELS:
        found = [scores[name][key] for key in keys]
        errors[name] = brier(cross_fitted(found, holds, families), holds)
        fits[name] = fit(found, holds)
    best = min(errors, key=lambda name: errors[name])
    silent = silent_rates(gold, scores["majority"])
    return Chosen(best, fits[best], len(judged), errors, "reviews", silent), scores


def silent_rates(gold: pl.DataFrame, voted: Scores) -> dict[str, float]:
    """Return how often each judged label holds where nothing voted on it.

    Half a case is added to either side, so that no rate is 0.
    """
    counts: dict[str, list[float]] = {}
    for row in gold.iter_rows(named=True):
        if (row["label"], row["exchange_id"]) not in voted:
            counts.setdefault(row["label"], [0.5, 0.5])[bool(row["holds"])] += 1
    return {label: round(yes / (yes + no), 4) for label, (no, yes) in sorted(counts.items())}


def shipped() -> Chosen:
    """Return what was chosen on the development set."""
    return Chosen.read((files("labelers") / "development" / "model.json").read_text("utf-8"))
