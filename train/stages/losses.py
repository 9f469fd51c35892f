"""Cross-entropy of the supervised positions: tail and head run on nothing else."""

from functools import partial

import mlx.core as mx
import mlx.nn as nn

from train.model.gemma import Gemma
from train.stages.batches import Batch


def sft_loss(gemma: Gemma, batch: Batch, head_positions: int = 512) -> mx.array:
    """Return the sum over supervised tokens of weight × −log p(token | what came before), in nats.

    A sum, not a mean: batches of one step add up, and the step divides once by their weight.
    """
    h = gemma.hidden_at(batch.tokens, batch.positions, segments=batch.segments)  # [b x p x d]
    h = h.reshape(-1, h.shape[-1])
    targets, weights = batch.targets.reshape(-1), batch.weights.reshape(-1)
    total = mx.array(0.0)
    for i in range(0, h.shape[0], head_positions):
        part = slice(i, i + head_positions)
        head = partial(chunk_loss, gemma, targets[part], weights[part])
        if h.shape[0] > head_positions:  # forget the logits of a part, make them again going back
            head = mx.checkpoint(head)
        total = total + head(h[part])
    return total


def chunk_loss(gemma: Gemma, targets: mx.array, weights: mx.array, h: mx.array) -> mx.array:
    """Return the weighted sum for states h [n x d]; float32 from the logits on."""
    logits = gemma.decode(h).astype(mx.float32)
    return (nn.losses.cross_entropy(logits, targets) * weights).sum()
