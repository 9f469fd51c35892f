"""What flows through a model between two layers, and one step of it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import mlx.core as mx
from mlx_lm.models import gemma3_text

from train.model.rope import at_positions

Kv = tuple[tuple[mx.array, mx.array], Any]  # ((keys, values), offset), as mlx_lm hands it on


At = tuple[int, Any, mx.array | None]  # (number, layer, where the queries stand if not in order)


def run_layer(
    at: At, h: mx.array, mask: Any, cache: Any, per_layer: mx.array | None, shared: Kv | None
) -> tuple[mx.array, Kv | None]:
    """Run one of mlx_lm's layers; return its output and, of a Gemma 4, its keys and values."""
    _, layer, positions = at
    kv, offset = shared or (None, None)
    with at_positions(layer, positions):
        if isinstance(layer, gemma3_text.TransformerBlock):
            return layer(h, mask, cache), None
        h, kv, offset = layer(
            h, mask, cache, per_layer_input=per_layer, shared_kv=kv, offset=offset
        )
    return h, (kv, offset)


@dataclass(frozen=True)
class Stream:
    """What flows from layer to layer, standing before `layer`."""

    h: mx.array  # [b x s x d]; [b x p x d] after `take`
    layer: int
    per_layer: Sequence[mx.array | None]  # [b x s x e] a layer
    masks: Sequence[Any]
    cache: Sequence[Any]
    kvs: dict[int, Kv] = field(default_factory=dict)  # of the layers that later ones read
    positions: mx.array | None = None  # [b x p]: which positions `take` kept
    places: mx.array | None = None  # [b x s]: where each stands in its own sample, in a pack

    @property
    def turned(self) -> mx.array | None:
        """Return where rotary embedding places each query; None where that is its index."""
        if self.places is None or self.positions is None:
            return self.positions if self.places is None else self.places
        return mx.take_along_axis(self.places, self.positions, 1)
