"""Early exit as a policy: scores of every position at every candidate layer in, exits out.

A position leaves at the first candidate layer whose score is at or above the threshold, else it
runs to full depth. Coverage counts pairs of position and candidate layer: a position that left at
the second of seven is covered at six of them. So leaving at the last candidate, where hardly
anything is left to save, covers little, and coverage is in proportion to the depth that is saved.
"""

from collections.abc import Sequence

import numpy as np

from train.eval.resample import Groups

STEPS = 100  # thresholds of a grid, at the most


def exits(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return for scores [n x k] the candidate at which each position leaves; k where none.

    >>> exits(np.array([[0.2, 0.9, 0.1], [0.2, 0.3, 0.4]]), 0.5).tolist()
    [1, 3]
    """
    reached = scores >= threshold
    return np.where(reached.any(axis=1), reached.argmax(axis=1), scores.shape[1])


def accepted(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return which positions leave before full depth."""
    return exits(scores, threshold) < scores.shape[1]


def wrongly(scores: np.ndarray, wrong: np.ndarray, threshold: float) -> np.ndarray:
    """Return which positions leave where the first token differs from full depth's."""
    at = exits(scores, threshold)
    ends = np.concatenate([wrong, np.zeros((len(wrong), 1), bool)], axis=1)
    return ends[np.arange(len(at)), at].astype(bool)


def covered(scores: np.ndarray, threshold: float) -> np.ndarray:
    """Return the share of candidate layers at which each position has left already."""
    return 1 - exits(scores, threshold) / scores.shape[1]


def losses(
    scores: np.ndarray, wrong: np.ndarray, groups: Groups, thresholds: Sequence[float]
) -> np.ndarray:
    """Return the loss [g x t] of each group of positions at each threshold.

    It is the share of the accepted positions that are wrong, 0 where none is accepted.
    """
    found = np.zeros((groups.size, len(thresholds)))
    for i, threshold in enumerate(thresholds):
        taken = groups.sums(accepted(scores, threshold))
        bad = groups.sums(wrongly(scores, wrong, threshold))
        found[:, i] = np.divide(bad, taken, where=taken > 0, out=np.zeros(groups.size))
    return found


def grid(scores: np.ndarray, steps: int = STEPS) -> list[float]:
    """Return thresholds from conservative to liberal: evenly spaced quantiles of scores.

    They come from a split that the certificate does not test on.

    >>> grid(np.array([[0.1, 0.2], [0.3, 0.4]]), 2)
    [0.4, 0.2, 0.1]
    """
    found = np.quantile(scores, np.linspace(1, 0, steps + 1), method="inverted_cdf")
    return [float(x) for x in dict.fromkeys(found.tolist())]
