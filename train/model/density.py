"""How far a state lies from the real ones of its layer: a state [r x d] in, two numbers a row out.

States of a layer, each over its root mean square, have a mean and principal directions. A state is
far where it lies many standard deviations out along those (Mahalanobis 1936, as an out-of-
distribution score: Lee et al. 2018, arXiv 1807.03888), or where much of it lies outside of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import mlx.nn as nn
import numpy as np

EPSILON, FARTHEST = 1e-6, 6.0  # standard deviations; what lies beyond is drawn in


class Density(nn.Module):
    """What real states look like at k candidate layers; it is measured, never trained."""

    def __init__(self, candidates: int, width: int, directions: int) -> None:
        """Know nothing yet: `set` gives it what was measured."""
        super().__init__()
        r = min(directions, width)
        self.centre = mx.zeros((candidates, width))
        self.basis, self.spread = mx.zeros((candidates, width, r)), mx.ones((candidates, r))
        self.rest = mx.ones((candidates,))
        self.mean, self.scale = mx.zeros((candidates, 2)), mx.ones((candidates, 2))
        self.freeze()

    def distances(self, state: mx.array, layer: mx.array) -> mx.array:
        """Return log(1 + …) of the mean square along the directions and outside of them: [r x 2].

        Both in units of what real states have there, so of a real one both are near log 2.
        """
        off = unit(state) - self.centre[layer]  # [r x d]
        at = layer.astype(mx.uint32)
        along = mx.gather_mm(off[:, None], self.basis, rhs_indices=at)[:, 0]
        inside = mx.mean(mx.square(along) / self.spread[layer], axis=-1)
        left = mx.maximum(mx.sum(mx.square(off), -1) - mx.sum(mx.square(along), -1), 0)
        return mx.log1p(mx.stack([inside, left / self.rest[layer]], axis=-1))

    def __call__(self, state: mx.array, layer: mx.array) -> mx.array:
        """Return both distances, standardised over real states of the layer, drawn in: [r x 2]."""
        x = (self.distances(state, layer) - self.mean[layer]) / self.scale[layer]
        return mx.clip(x, -FARTHEST, FARTHEST)

    def set(self, measured: Sequence["Moments"]) -> None:
        """Take the mean and the directions of each candidate's real states."""
        found = [m.principal(self.basis.shape[-1]) for m in measured]
        parts = [mx.array(np.stack(x), mx.float32) for x in zip(*found, strict=True)]
        self.centre, self.basis, self.spread, self.rest = parts
        self.freeze()

    def standardise(self, seen: Sequence[np.ndarray]) -> None:
        """Take the distances [n x 2] of each candidate's real states as what is usual."""
        self.mean = mx.array(np.stack([x.mean(0) for x in seen]), mx.float32)
        self.scale = mx.array(np.stack([np.maximum(x.std(0), EPSILON) for x in seen]), mx.float32)
        self.freeze()


def unit(state: mx.array) -> mx.array:
    """Return states [r x d] over their root mean square; zeros stay zeros, what is no number is 0.

    >>> unit(mx.array([[3.0, -3.0], [0.0, float("nan")]])).tolist()
    [[1.0, -1.0], [0.0, 0.0]]
    """
    x = mx.where(mx.isfinite(state), state, 0).astype(mx.float32)
    size = mx.sqrt(mx.mean(mx.square(x), axis=-1, keepdims=True))
    return mx.where(size > 0, x / mx.maximum(size, 1e-30), 0)


@dataclass
class Moments:
    """Sums over real states of one layer: how many, Σ u and Σ u uᵀ, in float64."""

    n: int
    total: np.ndarray  # [d]
    squares: np.ndarray  # [d x d]

    @classmethod
    def none(cls, width: int) -> "Moments":
        """Return the sums over nothing."""
        return cls(0, np.zeros(width), np.zeros((width, width)))

    def add(self, state: mx.array) -> None:
        """Take in some states [n x d]."""
        u = np.array(unit(state), np.float64)
        self.n, self.total = self.n + len(u), self.total + u.sum(0)
        self.squares = self.squares + u.T @ u

    def principal(self, count: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, float]:
        """Return mean [d], directions [d x r], variance along them [r], and that of all others."""
        mean = self.total / max(1, self.n)
        covariance = self.squares / max(1, self.n) - np.outer(mean, mean)
        values, vectors = np.linalg.eigh(covariance)
        values, vectors = np.maximum(values[::-1], EPSILON), vectors[:, ::-1]
        rest = float(values[count:].sum()) if count < len(values) else EPSILON
        return mean, vectors[:, :count], values[:count], max(rest, EPSILON)
