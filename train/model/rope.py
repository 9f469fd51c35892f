"""Rotary embedding at positions that do not follow each other."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import mlx.nn as nn


class ScatteredRope(nn.Module):
    """A rope that turns query j of row i by positions[i, j] instead of by j."""

    def __init__(self, rope: Any, positions: mx.array) -> None:
        """Wrap a rope for positions [b x p]."""
        super().__init__()
        self._rope, self._positions = rope, positions

    def __call__(self, x: mx.array, offset: Any = 0) -> mx.array:
        """Turn x [b x heads x p x d]; `offset` is where the sequence began in its cache."""
        b, heads, p, d = x.shape
        each = x.transpose(0, 2, 1, 3).reshape(b * p, heads, 1, d)
        where = mx.broadcast_to(mx.array(offset).reshape(-1, 1), (b, 1)) + self._positions
        turned = self._rope(each, offset=where.reshape(-1))
        return turned.reshape(b, p, heads, d).transpose(0, 2, 1, 3)


@contextmanager
def at_positions(layer: Any, positions: mx.array | None) -> Iterator[None]:
    """Let a layer's queries stand at the given positions [b x p] while it is called."""
    if positions is None:
        yield
        return
    attention = layer.self_attn
    rope = attention.rope
    attention.rope = ScatteredRope(rope, positions)
    try:
        yield
    finally:
        attention.rope = rope
