"""Running layers for training: a seed for every layer, and gradients with or without recomputing.

`mx.checkpoint` runs a layer again in the backward pass and draws its dropout anew, so the gradient
would belong to another mask. Here each layer sets its own seed first, so both runs draw the same.
"""

import hashlib
from typing import Any

import mlx.core as mx

from train.model.kernels import own_gelu
from train.model.stream import At, Kv
from train.model.stream import run_layer as run_any


def derive_seed(*parts: int) -> int:
    """Return a seed that depends on all parts and looks like no neighbour's.

    >>> derive_seed(0, 1) != derive_seed(1, 0)
    True
    """
    text = ",".join(map(str, parts)).encode()
    return int.from_bytes(hashlib.blake2b(text, digest_size=8).digest()) >> 1


def run_layer(*arguments: Any) -> tuple[mx.array, Kv | None]:
    """Run a layer as `Gemma` does, with the GELU that has its own gradient."""
    with own_gelu():
        return run_any(*arguments)


class Layerwise:
    """What `Gemma.call` becomes while training."""

    def __init__(self, checkpoint: bool) -> None:
        """Recompute layers in the backward pass when `checkpoint` is set."""
        self.checkpoint, self.seed = checkpoint, 0

    def __call__(
        self,
        at: At,
        h: mx.array,
        mask: Any,
        cache: Any,
        per_layer: mx.array | None,
        shared: Kv | None,
    ) -> tuple[mx.array, Kv | None]:
        """Run a layer under its own seed."""
        seed = derive_seed(self.seed, at[0])
        if not self.checkpoint or cache is not None:
            mx.random.seed(seed)
            return run_layer(at, h, mask, cache, per_layer, shared)
        layer, offset = at[1], shared[1] if shared else 0
        kv = shared[0] if shared else ()

        def again(parameters: Any, h: mx.array, inputs: list, kv: tuple) -> tuple[mx.array, ...]:
            layer.update(parameters)
            mx.random.seed(seed)
            known = (kv, offset) if kv else None
            h, made = run_layer(at, h, mask, None, inputs[0] if inputs else None, known)
            return (h, *made[0]) if made else (h,)

        inputs = [] if per_layer is None else [per_layer]
        h, *made = mx.checkpoint(again)(layer.trainable_parameters(), h, inputs, kv)
        return h, ((made[0], made[1]), offset) if made else None
