"""Average precision of labels, as functions of how often a prompt is drawn.

Equal scores are taken in together, so no order of the input can flatter a method: who says the same
of every text gets the share of positives, whatever it says.
"""

from collections.abc import Sequence

import numpy as np

from train.eval.resample import Groups, Statistic


def average_precision(score: np.ndarray, positive: np.ndarray, groups: Groups) -> Statistic:
    """Return Σ over thresholds of precision × what recall gains there, of scores [n].

    NaN where no positive is drawn. As scikit-learn's `average_precision_score` has it.
    """
    order = np.argsort(-np.asarray(score, float), kind="stable")
    _, tie = np.unique(-np.asarray(score, float)[order], return_inverse=True)
    first = np.searchsorted(tie, np.arange(tie.max() + 1))
    at, good = groups.at[order], np.asarray(positive, float)[order]

    def value(counts: np.ndarray) -> np.ndarray:
        weight = counts[:, at]
        taken = np.cumsum(np.add.reduceat(weight, first, axis=1), axis=1)
        hits = np.add.reduceat(weight * good, first, axis=1)
        precision = np.divide(
            np.cumsum(hits, axis=1), taken, where=taken > 0, out=np.zeros_like(taken)
        )
        total = hits.sum(axis=1)
        empty = np.full(len(counts), np.nan)
        return np.divide((hits * precision).sum(axis=1), total, where=total > 0, out=empty)

    return value


def macro(parts: Sequence[Statistic]) -> Statistic:
    """Return the mean over labels; one whose positives were not drawn has no part in it."""

    def value(counts: np.ndarray) -> np.ndarray:
        found = np.stack([part(counts) for part in parts])
        there = np.isfinite(found)
        n = there.sum(axis=0)
        total = np.where(there, found, 0).sum(axis=0)
        return np.divide(total, n, where=n > 0, out=np.full(len(counts), np.nan))

    return value


def macro_precision(
    score: np.ndarray, holds: np.ndarray, labels: Sequence[int], groups: Groups
) -> Statistic:
    """Return macro average precision over some labels of scores [n x l].

    `holds` is NaN where nobody can tell whether a label holds; those texts are left out for it.
    """
    parts = []
    for j in labels:
        known = ~np.isnan(holds[:, j])
        some = Groups(groups.at[known], groups.size, groups.prompts)
        parts.append(average_precision(score[known, j], holds[known, j], some))
    return macro(parts)


def micro_precision(score: np.ndarray, holds: np.ndarray, groups: Groups) -> Statistic:
    """Return average precision over all pairs of text and label at once."""
    known = ~np.isnan(holds)
    at = np.repeat(groups.at, holds.shape[1])[known.ravel()]
    return average_precision(score[known], holds[known], Groups(at, groups.size, groups.prompts))
