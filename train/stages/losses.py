"""Losses that several stages share: of supervised positions, of logits, and of states."""

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.harness.full_depth import FullDepth
from train.model.gemma import Gemma
from train.model.kernels import head_loss
from train.stages.batches import Batch


def sft_loss(gemma: Gemma, batch: Batch, head_positions: int = 128) -> mx.array:
    """Return the sum over supervised tokens of weight × −log p(token | what came before), in nats.

    A sum, not a mean: batches of one step add up, and the step divides once by their weight.
    """
    h = gemma.hidden_at(batch.tokens, batch.positions, segments=batch.segments)  # [b x p x d]
    h = h.reshape(-1, h.shape[-1])
    targets, weights = batch.targets.reshape(-1), batch.weights.reshape(-1)
    function = head_loss if gemma.model.training else chunk_loss
    total = mx.array(0.0)
    for i in range(0, h.shape[0], head_positions):
        part = slice(i, i + head_positions)
        states: mx.array = mx.depends(h[part], total)  # one part after another, for memory's sake
        total = total + function(gemma, states, targets[part], weights[part])
    return total


def chunk_loss(gemma: Gemma, h: mx.array, targets: mx.array, weights: mx.array) -> mx.array:
    """Return the weighted sum for states h [n x d], with no gradient in mind."""
    logits = gemma.decode(h).astype(mx.float32)
    return (nn.losses.cross_entropy(logits, targets) * weights).sum()


def token_losses(gemma: Gemma, batch: Batch, head_positions: int = 128) -> np.ndarray:
    """Return −log p of every supervised token of a batch of one row, in nats, unweighted: [p]."""
    h = gemma.hidden_at(batch.tokens, batch.positions, segments=batch.segments)[0]
    found = []
    for i in range(0, h.shape[0], head_positions):
        logits = gemma.decode(h[i : i + head_positions]).astype(mx.float32)
        targets = batch.targets[0, i : i + head_positions]
        found.append(np.array(nn.losses.cross_entropy(logits, targets), np.float64))
    return np.concatenate(found)


def divergence(full: mx.array, other: mx.array) -> mx.array:
    """Return KL(full ‖ other) in nats of logits [p x v], each row: [p]."""
    return FullDepth(full).divergence(other)


def nearness(x: mx.array, back: mx.array) -> tuple[mx.array, mx.array]:
    """Return (1 − cosine, squared difference over square), means over rows [n x w].

    >>> [round(float(v.item()), 3) for v in nearness(mx.ones((1, 2)), 2 * mx.ones((1, 2)))]
    [0.0, 1.0]
    """
    x = x.astype(mx.float32)
    square, other = mx.sum(x * x, -1), mx.sum(back * back, -1)
    lengths = mx.sqrt(mx.maximum(square * other, 1e-20))
    off = mx.sum(mx.square(x - back), -1) / mx.maximum(square, 1e-20)
    return mx.mean(1 - mx.sum(x * back, -1) / lengths), mx.mean(off)
