"""Depth routing: a module at a boundary that mixes earlier states into the shallower result.

For the state h_k before layer k and earlier states h_s it answers with

    h_k ⊙ (1 + c) + rms(h_k) · 2σ(w · x) · U gelu(V (x ⊙ a + Σ_s h̄_s ⊙ m_s)),    x = h̄_k,

where ¯ is division by the root mean square. U, c and m begin at zero, so it begins as the identity;
σ gates the low-rank residual, m says what each earlier state adds. It is put around a block by
`inserted`, and nothing of the model is copied or changed: without it every bit is as it was.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from train.model.gemma import Gemma
from train.model.stream import At, Kv

EPSILON = 1e-6


@dataclass(frozen=True)
class Place:
    """Where an exit stands, and whose states it reads."""

    layer: int
    sources: tuple[int, ...]  # earlier boundaries
    width: int

    @property
    def affine_work(self) -> int:
        """Return the multiply-adds of an affine lens: the budget of everything beside it."""
        return self.width**2


class DepthRouting(nn.Module):
    """The module of one exit; an `Exit` of `train.model.look`."""

    def __init__(self, place: Place, rank: int, key: mx.array) -> None:
        """Begin as the identity; `key` draws V. A rank of 0 spends what an affine lens spends."""
        super().__init__()
        self.place = place
        d, s = place.width, len(place.sources)
        r = rank or max(1, (d - s - 2) // 2)
        self.down = mx.random.normal((d, r), key=key) * d**-0.5
        self.up, self.bias = mx.zeros((r, d)), mx.zeros((r,))
        self.mix, self.scale, self.keep = mx.zeros((s, d)), mx.ones((d,)), mx.zeros((d,))
        self.gate = mx.zeros((d,))

    @property
    def sources(self) -> tuple[int, ...]:
        """Return the earlier boundaries whose states it wants."""
        return self.place.sources

    @property
    def work(self) -> int:
        """Return its multiply-adds a position."""
        d = self.place.width
        return 2 * self.down.size + d * (len(self.sources) + 2)

    def __call__(self, states: Mapping[int, mx.array]) -> mx.array:
        """Return the state [... x d] that the head reads, from {boundary: h [... x d]}."""
        h = states[self.place.layer].astype(mx.float32)
        x = unit(h)
        read = x * self.scale
        for i, s in enumerate(self.sources):
            read = read + unit(states[s].astype(mx.float32)) * self.mix[i]
        low = nn.gelu_approx(read @ self.down + self.bias)
        size = mx.sqrt(mx.mean(h * h, axis=-1, keepdims=True) + EPSILON)
        gate = 2 * mx.sigmoid(mx.sum(x * self.gate, axis=-1, keepdims=True))
        mixed = h * (1 + self.keep) + size * gate * (low @ self.up)
        return mixed.astype(states[self.place.layer].dtype)


def unit(x: mx.array) -> mx.array:
    """Return states [... x d] with a root mean square of one."""
    return mx.fast.rms_norm(x, None, EPSILON)


class Insertion:
    """What stands around a model's blocks while a depth module is inserted."""

    def __init__(self, inner: Any, module: DepthRouting) -> None:
        """Wrap `Gemma.call`; `on` says whether the result is mixed."""
        self.inner, self.module, self.on = inner, module, True
        self.states: dict[int, mx.array] = {}

    def __call__(
        self, at: At, h: mx.array, mask: Any, cache: Any, per_layer: mx.array | None, kv: Kv | None
    ) -> tuple[mx.array, Kv | None]:
        """Run a block as it was; at the exit's block, mix."""
        if at[0] in self.module.sources:
            self.states[at[0]] = h
        out, made = self.inner(at, h, mask, cache, per_layer, kv)
        if self.on and at[0] + 1 == self.module.place.layer:
            out = self.module({**self.states, self.module.place.layer: out})
        return out, made


@contextmanager
def inserted(gemma: Gemma, module: DepthRouting) -> Iterator[Insertion]:
    """Put a module around the block below its layer; it is gone afterwards."""
    before = gemma.call
    gemma.call = Insertion(before, module)
    try:
        yield gemma.call
    finally:
        gemma.call = before


def sources_of(layer: int, held: Sequence[int], most: int) -> tuple[int, ...]:
    """Return the last `most` boundaries below a layer among those that there are.

    >>> sources_of(5, [1, 2, 3, 4, 5], 2)
    (3, 4)
    """
    earlier = sorted(k for k in held if k < layer)
    return tuple(earlier[max(0, len(earlier) - most) :])
