"""Stage 4's table: scores of labels and active units in, measures out.

Labels with fewer than 30 positives in the split have no part in a macro average. `micro` takes all
pairs of text and label at once: it is always there, and mostly says how well frequencies are known.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from scipy.stats import rankdata

from train.eval import resample
from train.eval.ranking import macro_precision, micro_precision
from train.eval.resample import Groups, Statistic, estimate
from train.eval.stage1 import Measure

GATES = Path(__file__).with_suffix(".toml")
POSITIVES = 30  # of a label in the split, at the least
PARTNERS = 20  # random texts that each one is compared with
SEMANTIC, BAG, DENSE = "semantic", "bag_of_words", "dense_probe"
Scores = Sequence[np.ndarray]  # [n x l], of each seed


@dataclass(frozen=True)
class Split:
    """n texts of a split and what is true of them."""

    groups: Groups
    holds: np.ndarray  # [n x l], NaN where nobody can tell

    @property
    def measured(self) -> list[int]:
        """Return the labels with enough positives."""
        return [j for j, n in enumerate(np.nansum(self.holds, axis=0)) if n >= POSITIVES]

    def macro(self, scores: Scores) -> Statistic:
        """Return macro average precision, the mean over seeds."""
        parts = [macro_precision(s, self.holds, self.measured, self.groups) for s in scores]
        return resample.average(parts)

    def micro(self, scores: Scores) -> Statistic:
        """Return average precision over all pairs, the mean over seeds."""
        return resample.average([micro_precision(s, self.holds, self.groups) for s in scores])

    def measure(self, name: str, statistic: Statistic) -> Measure:
        """Return a statistic's value and interval over this split's prompts."""
        return Measure(name, estimate(statistic, self.groups))


def precision_measures(split: Split, methods: Mapping[str, Scores], suffix: str) -> list[Measure]:
    """Return average precision of every method; `suffix` is empty, or tells masked texts."""
    found = []
    for name, scores in methods.items():
        if split.measured:
            found.append(split.measure(f"macro_ap{suffix}.{name}", split.macro(scores)))
        if np.nansum(split.holds):
            found.append(split.measure(f"micro_ap{suffix}.{name}", split.micro(scores)))
    return found


def gaps(
    split: Split, candidate: str, plain: Mapping[str, Scores], masked: Mapping[str, Scores]
) -> list[Measure]:
    """Return how far bag of words and dense probe are ahead of a candidate; below 0 it leads."""
    if not split.measured:
        return []
    return [
        split.measure(
            f"ahead.{rival}",
            resample.minus(split.macro(methods[rival]), split.macro(methods[candidate])),
        )
        for rival, methods in ((BAG, masked), (DENSE, plain))
    ]


def sparsity(split: Split, active: Scores) -> Measure:
    """Return the share of units that are on, of each seed's [n x u] bool."""
    share = np.mean([a.mean(axis=1) for a in active], axis=0)
    return split.measure("active", resample.ratio(share, np.ones(len(share)), split.groups))


def jaccard(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return |both| ÷ |either| of rows of bools [n x u]; two empty rows are alike.

    >>> jaccard(np.array([[1, 1, 0]], bool), np.array([[0, 1, 1]], bool)).round(3).tolist()
    [0.333]
    """
    both, either = (one & other).sum(axis=1), (one | other).sum(axis=1)
    return np.where(either > 0, both / np.maximum(either, 1), 1.0)


def partners(n: int) -> np.ndarray:
    """Return for each of n texts some random others [n x PARTNERS], the same every time."""
    dice = np.random.default_rng(0)
    return (np.arange(n)[:, None] + dice.integers(1, max(n, 2), size=(n, PARTNERS))) % n


def stability(split: Split, active: Scores, other: Scores, there: np.ndarray) -> list[Statistic]:
    """Return Jaccard with the same text otherwise written ÷ with random texts, and its inverse.

    `there` [n] says which texts are written otherwise at all.
    """
    pairs = partners(len(there))
    same = np.mean([jaccard(a, b) for a, b in zip(active, other, strict=True)], axis=0)
    random = np.mean(
        [[jaccard(a, a[pairs[:, k]]) for k in range(PARTNERS)] for a in active], axis=(0, 1)
    )
    here = there.astype(float)
    above, below = (split.groups.sums(np.where(there, x, 0)) for x in (same, random))
    n = split.groups.sums(here)

    def ratio(top: np.ndarray, bottom: np.ndarray) -> Statistic:
        def value(counts: np.ndarray) -> np.ndarray:
            drawn, under = counts @ n, counts @ bottom
            ok = (drawn > 0) & (under > 0)
            return np.divide(counts @ top, under, where=ok, out=np.full(len(counts), np.nan))

        return value

    return [ratio(above, below), ratio(below, above)]


def agreement(split: Split, scores: Scores) -> Measure | None:
    """Return the mean rank correlation of two seeds' scores of a label; None of a single seed."""
    if len(scores) < 2:
        return None
    ranks = [rankdata(s, axis=0) for s in scores]
    parts = [
        correlation(a[:, j], b[:, j], split.groups)
        for a, b in combinations(ranks, 2)
        for j in range(a.shape[1])
    ]
    return split.measure("agreement", resample.average(parts))


def correlation(one: np.ndarray, other: np.ndarray, groups: Groups) -> Statistic:
    """Return Pearson's correlation of two columns [n]; 0 where one does not vary."""
    sums = groups.sums(
        np.stack([np.ones(len(one)), one, other, one * one, other * other, one * other], axis=1)
    )

    def value(counts: np.ndarray) -> np.ndarray:
        n, x, y, xx, yy, xy = (counts @ sums).T
        spread = np.sqrt(np.maximum((n * xx - x * x) * (n * yy - y * y), 0))
        return np.divide(n * xy - x * y, spread, where=spread > 0, out=np.zeros(len(counts)))

    return value
