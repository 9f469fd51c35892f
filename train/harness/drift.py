"""How far an adapter moved each layer: linear CKA between the states of two models."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from train.model.gemma import Gemma


def linear_cka(x: np.ndarray, y: np.ndarray) -> float:
    """Return the linear CKA of two sets of states [n x d], 1 for the same geometry.

    ‖YᵀX‖² / (‖XᵀX‖ ‖YᵀY‖) on centred columns, Frobenius norms (Kornblith et al. 2019, 1905.00414).

    >>> x = np.random.default_rng(0).normal(size=(50, 4))
    >>> round(linear_cka(x, 3 * x + 1), 6)
    1.0
    """
    x, y = x - x.mean(0), y - y.mean(0)
    across = np.linalg.norm(y.T @ x) ** 2
    within = np.linalg.norm(x.T @ x) * np.linalg.norm(y.T @ y)
    return float(across / within) if within > 0 else float("nan")


def states(gemma: Gemma, sequences: Sequence[Sequence[int]]) -> list[np.ndarray]:
    """Return the residual stream before each layer and behind the last, [n x d] each, float32."""
    layers = range(gemma.n_layers + 1)
    rows: list[list[np.ndarray]] = [[] for _ in layers]
    for ids in sequences:
        captured, _ = gemma.capture(mx.array([list(ids)]), layers)
        for k in layers:
            rows[k].append(np.array(captured[k][0].astype(mx.float32)))
    return [np.concatenate(parts) for parts in rows]


def drift(base: Sequence[np.ndarray], tuned: Sequence[np.ndarray]) -> list[float]:
    """Return the CKA between two models' states at every boundary 0..n_layers."""
    return [linear_cka(x, y) for x, y in zip(base, tuned, strict=True)]
