"""What measures between turns could tell at best: a model fitted on gold, judged on other gold.

Where even this finds nothing, no function on these measures will, and a label rests on its words.
"""

import zlib
from collections.abc import Sequence

import numpy as np

from labelers.calibration import FOLDS
from labelers.scores import average_precision

RIDGE = 3.0  # pull of every weight towards 0: gold is scarce, measures are many


def ceiling(measures: np.ndarray, holds: Sequence[bool], families: Sequence[str]) -> float | None:
    """Return the average precision of a logistic regression on measures, cross-fitted by family.

    `measures` is [exchanges x measures]; NaN: not measured. Each exchange is ranked by a fit that
    saw nothing of its session family. None where a label holds nowhere.
    """
    made, y = features(measures), np.array(holds, bool)
    folds = np.array([zlib.crc32(family.encode()) % FOLDS for family in families])
    scores = np.zeros(len(y))
    for fold in np.unique(folds):
        here = folds == fold
        if y[~here].any():
            scores[here] = made[here] @ fitted(made[~here], y[~here])
    return average_precision(scores.round(9).tolist(), y.tolist())


def features(measures: np.ndarray) -> np.ndarray:
    """Return measures in standard units, whether each was measured, and a constant."""
    known = ~np.isnan(measures)
    count = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, measures, 0)
    mean = filled.sum(axis=0) / count
    centred = np.where(known, measures - mean, 0)
    spread = np.sqrt((centred**2).sum(axis=0) / count)
    return np.hstack([centred / np.where(spread > 0, spread, 1), known, np.ones((len(known), 1))])


def fitted(x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Return the weights of a ridge logistic regression in which both classes weigh the same."""
    from scipy.optimize import minimize

    sign = np.where(y, -1.0, 1.0)
    weight = np.where(y, len(y) / (2 * y.sum()), len(y) / (2 * max((~y).sum(), 1)))

    def loss(beta: np.ndarray) -> tuple[float, np.ndarray]:
        z = sign * (x @ beta)
        slope = weight * sign * np.exp(z - np.logaddexp(0, z))
        value = (weight * np.logaddexp(0, z)).sum() + RIDGE / 2 * (beta**2).sum()
        return float(value), x.T @ slope + RIDGE * beta

    return minimize(loss, np.zeros(x.shape[1]), jac=True, method="L-BFGS-B").x
