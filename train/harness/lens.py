"""Lenses: a state of an inner layer in, a state that the head can read out.

The logit lens takes the state as it is. The affine lens maps it first, by the least-squares map to
the final state (a closed form of the tuned lens, Belrose et al. 2023, arXiv 2303.08112).
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np

RIDGE = 1e-3  # of the mean diagonal of the Gram matrix


@dataclass
class Fit:
    """Sums for a least-squares map from states x to states y, added up shard by shard."""

    width: int
    n: int = 0
    gram: np.ndarray = field(init=False)  # [d+1 x d+1], the last row and column of ones
    cross: np.ndarray = field(init=False)  # [d+1 x d]

    def __post_init__(self) -> None:
        """Start at nothing."""
        self.gram = np.zeros((self.width + 1, self.width + 1))
        self.cross = np.zeros((self.width + 1, self.width))

    def add(self, x: mx.array, y: mx.array) -> None:
        """Add rows x [n x d] with their targets y [n x d]."""
        rows = np.array(x.astype(mx.float32), np.float64)
        rows = np.hstack([rows, np.ones((len(rows), 1))])
        self.gram += rows.T @ rows
        self.cross += rows.T @ np.array(y.astype(mx.float32), np.float64)
        self.n += len(rows)

    def solve(self) -> tuple[mx.array, mx.array]:
        """Return (A [d x d], b [d]) of y ≈ x A + b; the ridge draws A towards the identity."""
        d = self.width
        strength = RIDGE * float(np.trace(self.gram[:d, :d])) / d
        ridge = np.diag([strength] * d + [0.0])
        prior = np.vstack([np.eye(d), np.zeros((1, d))])
        solved = np.linalg.lstsq(self.gram + ridge, self.cross + ridge @ prior, rcond=None)[0]
        return mx.array(solved[:d], mx.float32), mx.array(solved[d], mx.float32)


def fit_lenses(
    shards: Iterable[dict[str, mx.array]], layers: Iterable[int], last: int
) -> dict[int, tuple[mx.array, mx.array]]:
    """Return the affine lens of each layer, fitted on the rows of these shards."""
    fits: dict[int, Fit] = {}
    for arrays in shards:
        for k in layers:
            fit = fits.setdefault(k, Fit(arrays[f"h.{k}"].shape[1]))
            fit.add(arrays[f"h.{k}"], arrays[f"h.{last}"])
    return {k: fit.solve() for k, fit in fits.items()}


def through(lens: tuple[mx.array, mx.array] | None, h: mx.array) -> mx.array:
    """Return states [n x d] as the lens shows them; without one, as they are.

    >>> through((2 * mx.eye(2), mx.ones(2)), mx.ones((1, 2))).tolist()
    [[3.0, 3.0]]
    """
    return h if lens is None else (h.astype(mx.float32) @ lens[0] + lens[1]).astype(h.dtype)


class AffineExit:
    """An exit that the head reads through an affine lens; see `train.model.look.Exit`."""

    sources: tuple[int, ...] = ()

    def __init__(self, layer: int, lens: tuple[mx.array, mx.array]) -> None:
        """Read the states of one layer through its lens."""
        self.layer, self.lens, self.work = layer, lens, lens[0].size

    def __call__(self, states: Mapping[int, mx.array]) -> mx.array:
        """Return the state [b x s x d] that the head reads."""
        return through(self.lens, states[self.layer])
