"""Scores to probabilities: Platt's sigmoid fitted on gold, and how well it does on other gold.

J. Platt, Advances in Large Margin Classifiers (1999), 61-74.
"""

import math
import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

FOLDS = 5
RIDGE = 1.0  # pull towards no change: gold is scarce
EDGE = 0.01  # scores are kept this far from 0 and 1


@dataclass(frozen=True)
class Platt:
    """p = sigmoid(slope · logit(score) + offset)."""

    slope: float = 1.0
    offset: float = 0.0

    def __call__(self, score: float) -> float:
        """Return the calibrated probability of a score.

        >>> round(Platt()(0.7), 3)
        0.7
        """
        return float(1 / (1 + np.exp(-(self.slope * logit(score) + self.offset))))


def logit(score: float) -> float:
    """Return the log-odds of a score."""
    kept = min(max(score, EDGE), 1 - EDGE)
    return math.log(kept / (1 - kept))


def fit(scores: Sequence[float], holds: Sequence[bool]) -> Platt:
    """Fit slope (not below 0) and offset by maximum likelihood, with a ridge around (1, 0)."""
    from scipy.optimize import minimize

    x = np.array([logit(score) for score in scores])
    sign = np.where(np.array(holds, bool), -1.0, 1.0)

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = sign * (beta[0] * x + beta[1])
        slope = sign * np.exp(z - np.logaddexp(0, z))
        pull = np.array([beta[0] - 1, beta[1]])
        gradient = np.array([(slope * x).sum(), slope.sum()]) + RIDGE * pull
        return float(np.logaddexp(0, z).sum() + RIDGE / 2 * (pull**2).sum()), gradient

    found = minimize(
        loss, [1.0, 0.0], jac=True, method="L-BFGS-B", bounds=[(0, None), (None, None)]
    )
    return Platt(float(found.x[0]), float(found.x[1]))


def cross_fitted(
    scores: Sequence[float], holds: Sequence[bool], families: Sequence[str]
) -> list[float]:
    """Return calibrated probabilities, each by a fit that saw nothing of its session family."""
    folds = [zlib.crc32(family.encode()) % FOLDS for family in families]
    made = {
        fold: fit(
            [s for s, f in zip(scores, folds, strict=True) if f != fold],
            [h for h, f in zip(holds, folds, strict=True) if f != fold],
        )
        for fold in set(folds)
    }
    return [made[fold](score) for score, fold in zip(scores, folds, strict=True)]


def brier(probabilities: Sequence[float], holds: Sequence[bool]) -> float:
    """Return the mean squared error of probabilities, 0 (perfect) to 1."""
    pairs = zip(probabilities, holds, strict=True)
    return sum((p - h) ** 2 for p, h in pairs) / len(probabilities)
