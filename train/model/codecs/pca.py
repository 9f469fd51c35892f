"""Principal components at a fixed number of bytes: the linear baseline of the learned pair."""

from collections.abc import Iterable, Mapping

import mlx.core as mx
import numpy as np

from train.model.codecs.base import Array, Codec, numbers
from train.model.codecs.integers import Int4
from warehouse.errors import AgpError


class Pca(Codec):
    """Rows minus their mean on the first components, a signed byte each.

    Each component has a scale of its own, fitted, so that no row carries any.
    """

    name = "pca"

    def __init__(self, arrays: Mapping[str, mx.array]) -> None:
        """Take `ROLE.mean` [w], `ROLE.basis` [w x w] and `ROLE.scale` [w] of each role.

        As many components count as int4 has bytes.
        """
        self.arrays = {name: numbers(value) for name, value in arrays.items()}

    def role(self, role: str, columns: int) -> tuple[Array, Array, Array]:
        """Return (mean, basis, scale); AgpError where the codec was not fitted on the role."""
        if f"{role}.mean" not in self.arrays or len(self.arrays[f"{role}.mean"]) != columns:
            raise AgpError(f"the {self.name} codec was not fitted on {role}; use int8 or native")
        mean, basis, scale = (self.arrays[f"{role}.{n}"] for n in ("mean", "basis", "scale"))
        width = Int4().size(role, 1, columns)
        return mean, basis[:, :width], scale[:width]

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return r bytes a row."""
        return rows * len(self.role(role, columns)[2])

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return the components' bytes."""
        mean, basis, scale = self.role(role, x.shape[1])
        parts = (numbers(x) - mean) @ basis / scale
        return np.clip(np.rint(parts), -127, 127).astype(np.int8).tobytes()

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows in float32."""
        mean, basis, scale = self.role(role, columns)
        parts = np.frombuffer(data, np.int8).reshape(rows, -1) * scale
        return mx.array((parts @ basis.T + mean).astype(np.float32))


class Moments:
    """Sums of rows, added up batch by batch, and the components they give."""

    def __init__(self, width: int) -> None:
        """Start at nothing."""
        self.n, self.total = 0, np.zeros(width)
        self.gram = np.zeros((width, width))
        self.kept: list[Array] = []  # some rows, for the scales

    def add(self, x: mx.array) -> None:
        """Add rows x [n x w]."""
        rows = numbers(x).astype(np.float64)
        self.n += len(rows)
        self.total += rows.sum(0)
        self.gram += rows.T @ rows
        if sum(map(len, self.kept)) < 20_000:
            self.kept.append(rows)

    def fit(self) -> dict[str, mx.array]:
        """Return mean, all components, scales that hold 999 of 1,000 rows, and gains.

        A component's gain is the share of ±127 that its bits allow: see `shared_bits`.
        """
        mean = self.total / self.n
        values, vectors = np.linalg.eigh(self.gram / self.n - np.outer(mean, mean))
        basis = np.ascontiguousarray(vectors[:, ::-1])
        parts = np.abs((np.concatenate(self.kept) - mean) @ basis)
        scale = np.maximum(np.quantile(parts, 0.999, axis=0) / 127, 1e-12)
        bits = shared_bits(values[::-1], 8 * Int4().size("", 1, len(mean)))
        gain = (2.0 ** np.maximum(bits - 1, 0) - 1) / 127
        found = {"mean": mean, "basis": basis, "scale": scale, "gain": gain}
        return {name: mx.array(value, mx.float32) for name, value in found.items()}


def shared_bits(variances: Array, budget: int) -> Array:
    """Return the bits of each component, 0 or 2 to 8, `budget` in all.

    A bit goes where it takes most off Σ variance · 4^−bits, one after another (reverse
    water-filling; Gersho and Gray 1992, ch. 8). One bit alone would say nothing but zero.

    >>> shared_bits(np.array([16.0, 1.0, 0.001]), 6).tolist()
    [4, 2, 0]
    """
    bits = np.zeros(len(variances), int)
    left = np.maximum(variances, 0)
    while budget > 0:
        cost = np.where(bits == 0, 2, 1)
        gain = np.where((bits < 8) & (cost <= budget), left * (1 - 0.25**cost) / cost, -1)
        best = int(np.argmax(gain))
        if gain[best] <= 0:
            break
        bits[best] += cost[best]
        budget -= int(cost[best])
        left[best] *= 0.25 ** cost[best]
    return bits


def fit(samples: Iterable[Mapping[str, mx.array]]) -> dict[str, mx.array]:
    """Return components by role, `ROLE.mean` and the like, from batches of rows by role."""
    found: dict[str, Moments] = {}
    for batch in samples:
        for role, rows in batch.items():
            found.setdefault(role, Moments(rows.shape[1])).add(rows)
    return {
        f"{role}.{name}": value
        for role, moments in found.items()
        for name, value in moments.fit().items()
    }
