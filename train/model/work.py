"""Work in multiply-adds with weights, a position: what a layer, the head and a short cut cost.

Attention over earlier positions is left out: it grows with the context, and is small beside the
weights as long as the context is short.
"""

from typing import Any

import mlx.nn as nn

from train.model.gemma import Gemma


def linear_work(module: nn.Module) -> int:
    """Return the multiply-adds of all linears in a module, adapters included, for one position.

    >>> linear_work(nn.Linear(3, 5, bias=False))
    15
    """
    total = 0
    for _, part in module.named_modules():
        if isinstance(part, nn.QuantizedLinear):
            total += part.weight.size * 32 // part.bits
        elif isinstance(part, nn.Linear):
            total += part.weight.size
        total += sum(part[name].size for name in ("lora_a", "lora_b") if name in part)
    return total


class Costs:
    """What each part of a model costs, a position."""

    def __init__(self, gemma: Gemma) -> None:
        """Count the weights of a model once."""
        self.layers = [linear_work(layer) for layer in gemma.layers]
        self.keys_and_values = [projections(layer) for layer in gemma.layers]
        self.head: int = gemma.config.vocab_size * gemma.config.hidden_size
        self.full = sum(self.layers) + self.head

    def between(self, start: int, stop: int) -> int:
        """Return the work of layers start up to, not including, stop."""
        return sum(self.layers[start:stop])


def projections(layer: Any) -> int:
    """Return the work of a layer's own keys and values alone."""
    found = (layer.self_attn.get(name) for name in ("k_proj", "v_proj"))
    return sum(linear_work(module) for module in found if module is not None)
