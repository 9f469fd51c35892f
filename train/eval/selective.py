"""Selective prediction: a confidence a decision and whether it was wrong in, curves and scores out.

A decision is accepted when its confidence is at or above a threshold. Coverage is the share that
is accepted; selective risk the share of the accepted that is wrong; generalised risk the share of
*all* decisions that is both accepted and wrong. Equal confidences are accepted together: within a
tie everything counts with the mean of the tie, so no order of the input can flatter a score.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.stats import rankdata

BINS = 15
Values = Sequence[float] | Sequence[bool] | np.ndarray
Row = dict[str, Any]


def by_confidence(confidence: Values, wrong: Values) -> tuple[np.ndarray, np.ndarray]:
    """Return (confidences, wrongs) with the surest first; ties hold their mean.

    >>> [x.tolist() for x in by_confidence([0.5, 0.9, 0.5], [1, 0, 0])]
    [[0.9, 0.5, 0.5], [0.0, 0.5, 0.5]]
    """
    c, w = np.asarray(confidence, float), np.asarray(wrong, float)
    if len(c) == 0 or len(c) != len(w) or not np.isfinite(c).all():
        raise ValueError("confidences are finite, one for each decision, and at least one")
    order = np.argsort(-c, kind="stable")
    c, w = c[order], w[order]
    _, tie, sizes = np.unique(-c, return_inverse=True, return_counts=True)
    return c, (np.bincount(tie, w) / sizes)[tie]


def risk_coverage(confidence: Values, wrong: Values) -> list[Row]:
    """Return a row a distinct threshold: threshold, coverage, risk (selective).

    >>> [(r["coverage"], r["risk"]) for r in risk_coverage([0.9, 0.5, 0.5, 0.1], [0, 1, 0, 1])]
    [(0.25, 0.0), (0.75, 0.3333333333333333), (1.0, 0.5)]
    """
    c, w = by_confidence(confidence, wrong)
    last = np.flatnonzero(np.append(c[1:] != c[:-1], True))
    errors = np.cumsum(w)
    return [
        {
            "threshold": float(c[i]),
            "coverage": float((i + 1) / len(c)),
            "risk": float(errors[i] / (i + 1)),
        }
        for i in last
    ]


def aurc(confidence: Values, wrong: Values) -> float:
    """Return the area under the risk–coverage curve: the mean selective risk over 1 … n accepted.

    Geifman & El-Yaniv 2017 (arXiv 1705.08500); between 0 and 1, lower is better.

    >>> aurc([0.9, 0.5, 0.1], [0, 0, 1]), aurc([0.1, 0.5, 0.9], [0, 0, 1])
    (0.1111111111111111, 0.611111111111111)
    """
    w = by_confidence(confidence, wrong)[1]
    return float(np.mean(np.cumsum(w) / np.arange(1, len(w) + 1)))


def augrc(confidence: Values, wrong: Values) -> float:
    """Return the area under the generalised risk–coverage curve, by trapezoids from (0, 0).

    Traub et al. 2024 (arXiv 2407.01032): the risk of a silent error, averaged over thresholds. It
    equals (1 − AUROC) · p · (1 − p) + p² / 2 for an error rate p; between 0 and 1/2, lower is
    better.

    >>> augrc([0.9, 0.5, 0.3, 0.1], [0, 0, 0, 1]), augrc([0.1, 0.5, 0.7, 0.9], [0, 0, 0, 1])
    (0.03125, 0.21875)
    """
    w = by_confidence(confidence, wrong)[1]
    height = np.cumsum(w) / len(w)
    return float(np.mean(height - w / len(w) / 2))


def auroc(score: Values, positive: Values) -> float:
    """Return the chance that a positive scores above a negative, a tie counting one half.

    NaN where one of the two is missing.

    >>> auroc([0.1, 0.4, 0.4, 0.8], [0, 0, 1, 1])
    0.875
    """
    s, p = np.asarray(score, float), np.asarray(positive, bool)
    n, m = int(p.sum()), int((~p).sum())
    if not n or not m:
        return float("nan")
    return float((rankdata(s)[p].sum() - n * (n + 1) / 2) / (n * m))


def brier(probability: Values, right: Values) -> float:
    """Return the mean squared distance of a probability from what happened (0 or 1).

    >>> brier([1.0, 0.5], [1, 0])
    0.125
    """
    return float(np.mean((np.asarray(probability, float) - np.asarray(right, float)) ** 2))


def bins(probability: Values, most: int = BINS) -> np.ndarray:
    """Return for each probability its bin of about equal mass, 0 … at most `most` − 1.

    Equal probabilities share a bin, that of their middle rank.

    >>> bins([0.1, 0.9, 0.5, 0.5], 2).tolist()
    [0, 1, 1, 1]
    """
    p = np.asarray(probability, float)
    middle = rankdata(p) - 0.5
    return np.minimum((middle * most / len(p)).astype(int), most - 1)


def reliability(probability: Values, right: Values, most: int = BINS) -> list[Row]:
    """Return a row a bin of equal mass: `confidence`, `accuracy` (how often it was right), n."""
    p, r, at = np.asarray(probability, float), np.asarray(right, float), bins(probability, most)
    return [
        {
            "confidence": float(p[at == b].mean()),
            "accuracy": float(r[at == b].mean()),
            "n": int((at == b).sum()),
        }
        for b in np.unique(at)
    ]


def ece(probability: Values, right: Values, most: int = BINS) -> float:
    """Return the expected calibration error over bins of equal mass (Nixon et al. 2019).

    >>> ece([0.8] * 5, [1, 1, 1, 1, 0])
    0.0
    """
    rows = reliability(probability, right, most)
    n = sum(row["n"] for row in rows)
    return float(sum(row["n"] * abs(row["confidence"] - row["accuracy"]) for row in rows) / n)


def macro_f1(truth: Sequence[int] | np.ndarray, guess: Sequence[int] | np.ndarray) -> float:
    """Return the mean of F1 over the classes that occur in truth or guess.

    >>> macro_f1([0, 0, 1, 2], [0, 1, 1, 1])
    0.38888888888888884
    """
    t, g = np.asarray(truth), np.asarray(guess)
    scores = []
    for k in np.unique(np.concatenate([t, g])):
        hit, either = ((t == k) & (g == k)).sum(), (t == k).sum() + (g == k).sum()
        scores.append(2 * hit / either)
    return float(np.mean(scores))
