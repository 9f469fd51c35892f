"""Two functions with gradients of their own: the same numbers for less time and memory.

`gelu` keeps its tanh for the backward pass, which mlx computes anew. `head_loss` returns the loss
of some positions and its gradient in one pass, so their logits are made once and forgotten.
"""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from train.model.gemma import Gemma

ROOT, CUBE = math.sqrt(2 / math.pi), 0.044715  # of the tanh approximation of GELU


@mx.custom_function
def gelu_and_tanh(x: mx.array) -> tuple[mx.array, mx.array]:
    """Return (gelu(x), the tanh in it)."""
    t = mx.tanh(ROOT * (x + CUBE * x**3))
    return 0.5 * x * (1 + t), t


@gelu_and_tanh.vjp
def gelu_gradient(primals: Any, cotangents: Any, outputs: Any) -> mx.array:
    """Return the gradient of gelu from its tanh."""
    x, t = primals, outputs[1]
    inner = x * (1 - t) * ROOT * (1 + 3 * CUBE * x * x)
    return cotangents[0] * (0.5 * (1 + t) * (1 + inner))


def gelu(x: mx.array) -> mx.array:
    """Return what `nn.gelu_approx` returns, bit for bit, by the same operations.

    >>> x = mx.linspace(-3, 3, 1000)
    >>> bool(mx.all(gelu(x) == nn.gelu_approx(x)))
    True
    """
    made: Any = gelu_and_tanh(x)
    return made[0]


@contextmanager
def own_gelu() -> Iterator[None]:
    """Let mlx_lm's layers use `gelu` on a CPU; a GPU's compiler does as well on its own."""
    if mx.default_device() != mx.Device(mx.cpu):
        yield
        return
    before, nn.gelu_approx = nn.gelu_approx, gelu
    try:
        yield
    finally:
        nn.gelu_approx = before


def head_loss(gemma: Gemma, h: mx.array, targets: mx.array, weights: mx.array) -> mx.array:
    """Return the sum over n of weight × −log p(target) for states h [n x d]; the head is frozen.

    With l = c·tanh(z/c) the gradient is (softmax(l) − one-hot) · (1 − tanh²), taken back through
    head and final norm.
    """

    @mx.custom_function
    def loss_and_gradient(h: mx.array) -> tuple[mx.array, mx.array]:
        z = gemma.uncapped(h)  # [n x v]
        cap: Any = gemma.softcap
        t = mx.tanh(z.astype(mx.float32) / cap) if cap else None
        logits = z.astype(mx.float32) if t is None else mx.multiply(t, cap)
        top = mx.stop_gradient(logits.max(-1, keepdims=True))
        powers = mx.exp(logits - top)
        total = powers.sum(-1, keepdims=True)
        right = mx.take_along_axis(logits, targets[:, None], 1)
        loss = ((mx.log(total) + top - right)[:, 0] * weights).sum()
        slope = powers * (weights[:, None] / total)
        chosen = mx.take_along_axis(slope, targets[:, None], 1) - weights[:, None]
        slope = mx.put_along_axis(slope, targets[:, None], chosen, 1)
        slope = slope if t is None else slope * (1 - t * t)
        _, (gradient,) = mx.vjp(gemma.uncapped, [h], [slope.astype(z.dtype)])
        return loss, gradient

    @loss_and_gradient.vjp
    def backward(primals: Any, cotangents: Any, outputs: Any) -> mx.array:
        return (cotangents[0] * outputs[1]).astype(primals.dtype)

    made: Any = loss_and_gradient(h)
    return made[0]
