"""What depth routing is held against at the same exit, trained in the same way on the same rows.

Both begin as the identity and read the state of their own layer only.
"""

from collections.abc import Mapping

import mlx.core as mx
import mlx.nn as nn

from train.model.depth import Place, unit


class LearnedAffine(nn.Module):
    """An affine lens whose map is trained on the divergence instead of solved for."""

    sources: tuple[int, ...] = ()

    def __init__(self, place: Place) -> None:
        """Begin with a map of zeros beside the identity."""
        super().__init__()
        self.place = place
        self.map, self.bias = mx.zeros((place.width, place.width)), mx.zeros((place.width,))

    @property
    def work(self) -> int:
        """Return its multiply-adds a position."""
        return self.map.size

    def __call__(self, states: Mapping[int, mx.array]) -> mx.array:
        """Return the state [... x d] that the head reads."""
        h = states[self.place.layer]
        x = h.astype(mx.float32)
        return (x + x @ self.map + self.bias).astype(h.dtype)


class ExtraBlock(nn.Module):
    """One more gated MLP block, as Gemma's own, at equal parameters (Balcony, 2503.05005)."""

    sources: tuple[int, ...] = ()

    def __init__(self, place: Place, key: mx.array) -> None:
        """Three matrices that together cost what an affine lens costs."""
        super().__init__()
        self.place = place
        d, r = place.width, max(1, place.width // 3)
        gate, up = mx.random.split(key)
        self.gate = mx.random.normal((d, r), key=gate) * d**-0.5
        self.up = mx.random.normal((d, r), key=up) * d**-0.5
        self.down, self.scale = mx.zeros((r, d)), mx.ones((d,))

    @property
    def work(self) -> int:
        """Return its multiply-adds a position."""
        return self.gate.size + self.up.size + self.down.size

    def __call__(self, states: Mapping[int, mx.array]) -> mx.array:
        """Return the state [... x d] that the head reads."""
        h = states[self.place.layer]
        x = h.astype(mx.float32)
        read = unit(x) * self.scale
        size = mx.sqrt(mx.mean(x * x, axis=-1, keepdims=True))
        inner = nn.gelu_approx(read @ self.gate) * (read @ self.up)
        return (x + size * (inner @ self.down)).astype(h.dtype)
