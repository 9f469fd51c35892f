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
        """Take `ROLE.mean` [w], `ROLE.basis` [w x r] and `ROLE.scale` [r] of each role."""
        self.arrays = {name: numbers(value) for name, value in arrays.items()}

    def role(self, role: str, columns: int) -> tuple[Array, Array, Array]:
        """Return (mean, basis, scale); AgpError where the codec was not fitted on the role."""
        if f"{role}.mean" not in self.arrays or len(self.arrays[f"{role}.mean"]) != columns:
            raise AgpError(f"the {self.name} codec was not fitted on {role}; use int8 or native")
        mean, basis, scale = (self.arrays[f"{role}.{n}"] for n in ("mean", "basis", "scale"))
        return mean, basis, scale

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

    def fit(self, width: int) -> dict[str, mx.array]:
        """Return mean, basis of `width` components and scales that hold 999 of 1,000 rows."""
        mean = self.total / self.n
        _, vectors = np.linalg.eigh(self.gram / self.n - np.outer(mean, mean))
        basis = np.ascontiguousarray(vectors[:, ::-1][:, :width])
        parts = np.abs((np.concatenate(self.kept) - mean) @ basis)
        scale = np.maximum(np.quantile(parts, 0.999, axis=0) / 127, 1e-12)
        found = {"mean": mean, "basis": basis, "scale": scale}
        return {name: mx.array(value, mx.float32) for name, value in found.items()}


def fit(samples: Iterable[Mapping[str, mx.array]]) -> dict[str, mx.array]:
    """Return a Pca's arrays from batches of rows by role, as wide as int4 is long."""
    found: dict[str, Moments] = {}
    for batch in samples:
        for role, rows in batch.items():
            found.setdefault(role, Moments(rows.shape[1])).add(rows)
    arrays = {}
    for role, moments in found.items():
        width = len(moments.total)
        fitted = moments.fit(min(width, Int4().size(role, 1, width)))
        arrays |= {f"{role}.{name}": value for name, value in fitted.items()}
    return arrays
