"""Intervals for scores that are no means: statistics as functions of how often a prompt is drawn.

A statistic takes counts [r x g], a row a resample and a column a group of prompts, and returns r
values. So two methods are compared under the very same draws, and most scores need no sorting
again: AUROC and AUGRC are quadratic forms in the counts, means are ratios of linear ones.
"""

from collections.abc import Callable, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csr_array
from scipy.special import digamma

from train.eval import selective
from train.eval.statistics import RESAMPLES, Estimate

Statistic = Callable[[np.ndarray], np.ndarray]
AT_ONCE = 64  # resamples of a statistic that walks through all decisions


@dataclass(frozen=True)
class Groups:
    """Which group each decision belongs to; groups are what is drawn."""

    at: np.ndarray  # [n], 0 … size − 1
    size: int
    prompts: int  # what an estimate's n counts

    @classmethod
    def of(cls, prompts: Sequence[Hashable], groups: Sequence[Hashable] | None = None) -> "Groups":
        """Return the groups of decisions from their prompts and, if named, conversations."""
        names: dict[Hashable, int] = {}
        at = [names.setdefault(g, len(names)) for g in (prompts if groups is None else groups)]
        return cls(np.array(at, int), len(names), len(set(prompts)))

    def sums(self, values: np.ndarray) -> np.ndarray:
        """Return the sum over each group's decisions: [n] or [n x k] in, [g] or [g x k] out."""
        n = len(self.at)
        member = csr_array((np.ones(n), (self.at, np.arange(n))), shape=(self.size, n))
        return member @ np.asarray(values, float)


def estimate(statistic: Statistic, groups: Groups, seed: int = 0, level: float = 0.95) -> Estimate:
    """Return the value and its percentile interval over resampled groups (Efron 1979).

    Resamples in which the statistic is not defined, since a class was not drawn, are left out.
    """
    rng = np.random.default_rng(seed)
    value = float(statistic(np.ones((1, groups.size)))[0])
    drawn = rng.multinomial(groups.size, np.full(groups.size, 1 / groups.size), RESAMPLES)
    found = statistic(drawn.astype(float))
    found = found[np.isfinite(found)]
    edges = [50 * (1 - level), 50 * (1 + level)]
    low, high = np.percentile(found, edges) if len(found) else (np.nan, np.nan)
    return Estimate(value, float(low), float(high), groups.prompts)


def minus(one: Statistic, other: Statistic) -> Statistic:
    """Return the difference, paired: both see the same draws."""
    return lambda counts: one(counts) - other(counts)


def average(parts: Sequence[Statistic]) -> Statistic:
    """Return the mean of statistics, of layers or of seeds."""
    return lambda counts: np.mean([part(counts) for part in parts], axis=0)


def ratio(sums: np.ndarray, weights: np.ndarray, groups: Groups) -> Statistic:
    """Return Σ sums / Σ weights over decisions; 0 where no weight was drawn."""
    above, below = groups.sums(sums), groups.sums(weights)

    def value(counts: np.ndarray) -> np.ndarray:
        total = counts @ below
        return np.divide(counts @ above, total, where=total > 0, out=np.zeros(len(counts)))

    return value


def pairs(score: np.ndarray, among: Any, positive: Any, groups: Groups) -> np.ndarray:
    """Return M [g x g]: of each group's `among`, the pairs with another's positives that score
    higher, equal ones counting half.

    Sorted once; the positives of each group are counted along the way.
    """
    _, tie = np.unique(-np.asarray(score, float), return_inverse=True)
    size = (tie.max() + 1, groups.size)
    each, good = (
        csr_array((np.asarray(x, float), (tie, groups.at)), shape=size) for x in (among, positive)
    )
    table = good.toarray()
    return each.T @ (np.cumsum(table, axis=0) - table / 2)


def quadratic(matrix: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Return cᵀ M c of every row of counts."""
    return np.einsum("rg,rg->r", counts @ matrix, counts)


def augrc(confidence: np.ndarray, wrong: np.ndarray, groups: Groups) -> Statistic:
    """Return the area under the generalised risk–coverage curve, as `selective.augrc` has it."""
    every = np.ones(len(wrong))
    matrix, n = pairs(confidence, every, wrong, groups), groups.sums(every)
    return lambda counts: quadratic(matrix, counts) / (counts @ n) ** 2


def auroc(score: np.ndarray, positive: np.ndarray, groups: Groups) -> Statistic:
    """Return the area under the ROC curve; NaN where a class is not drawn."""
    p = np.asarray(positive, float)
    matrix = pairs(score, 1 - p, p, groups)
    n, m = groups.sums(p), groups.sums(1 - p)

    def value(counts: np.ndarray) -> np.ndarray:
        both = (counts @ n) * (counts @ m)
        empty = np.full(len(counts), np.nan)
        return np.divide(quadratic(matrix, counts), both, where=both > 0, out=empty)

    return value


def aurc(confidence: np.ndarray, wrong: np.ndarray, groups: Groups) -> Statistic:
    """Return the area under the risk–coverage curve, each decision weighing as often as drawn.

    Within a group drawn several times, as within a tie, errors count with their mean.
    """
    order = np.argsort(-np.asarray(confidence, float), kind="stable")
    _, tie = np.unique(-np.asarray(confidence, float)[order], return_inverse=True)
    first = np.searchsorted(tie, np.arange(tie.max() + 1))
    at, bad = groups.at[order], np.asarray(wrong, float)[order]

    def value(counts: np.ndarray) -> np.ndarray:
        return np.concatenate(
            [some(counts[i : i + AT_ONCE]) for i in range(0, len(counts), AT_ONCE)]
        )

    def some(counts: np.ndarray) -> np.ndarray:
        weight = counts[:, at]
        taken = np.add.reduceat(weight, first, axis=1)
        errors = np.add.reduceat(weight * bad, first, axis=1)
        n, e = np.cumsum(taken, axis=1), np.cumsum(errors, axis=1)
        return tie_risks(n - taken, e - errors, taken, errors).sum(axis=1) / n[:, -1]

    return value


def tie_risks(n: np.ndarray, e: np.ndarray, taken: np.ndarray, errors: np.ndarray) -> np.ndarray:
    """Return Σ_{j=1…taken} (e + j·errors/taken) / (n + j): the risks while a tie is taken in.

    In closed form by the digamma function: a tie may hold thousands.
    """
    share = np.divide(errors, taken, where=taken > 0, out=np.zeros_like(errors))
    harmonic = digamma(n + taken + 1) - digamma(n + 1)
    return share * taken + (e - share * n) * harmonic


def ece(probability: np.ndarray, right: np.ndarray, groups: Groups) -> Statistic:
    """Return the calibration error over the bins of the whole sample.

    The absolute value makes resamples lie above the truth: an interval errs on the high side.
    """
    at = selective.bins(probability)
    distance = np.asarray(probability, float) - np.asarray(right, float)
    gap = groups.sums(distance[:, None] * np.eye(selective.BINS)[at])
    n = groups.sums(np.ones(len(at)))
    return lambda counts: np.abs(counts @ gap).sum(axis=1) / (counts @ n)


def macro_f1(truth: np.ndarray, guess: np.ndarray, groups: Groups, classes: int) -> Statistic:
    """Return the mean F1 over the classes that occur in what was drawn."""
    eye = np.eye(classes)
    t, g = eye[np.asarray(truth, int)], eye[np.asarray(guess, int)]
    hits, either = groups.sums(t * g), groups.sums(t + g)

    def value(counts: np.ndarray) -> np.ndarray:
        below = counts @ either
        f1 = np.divide(2 * (counts @ hits), below, where=below > 0, out=np.zeros_like(below))
        return f1.sum(axis=1) / np.maximum((below > 0).sum(axis=1), 1)

    return value
