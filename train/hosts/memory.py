"""What a step of stage 1 holds in memory, from shapes: an estimate, part by part, in bytes.

Weights, adapters, gradients and optimizer are counted exactly on a skeleton of the model. What the
backward pass keeps is summed over the arrays that mlx's gradients read again, layer by layer: all
positions below the shared tail, the supervised ones in it. It is compared with measured peaks in
the tests, and `agp train plan --probe` measures.
"""

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.nn as nn

from train.model.gemma import Gemma
from train.model.skeleton import stored_bytes
from train.stages import adapters
from train.stages.settings import Settings

HEAD_COPIES = 6  # logits, soft-cap, softmax and their gradients: float32, alive at once
GELU_COPIES = 2  # tanh-GELU keeps its tanh and its value where it is not compiled into one
SCORE_COPIES = 4  # scores, masked, softmax, gradient: of the one layer that is being computed
AGAIN = 2  # layers that mlx computes again at the same time, with checkpoint_gradients


@dataclass(frozen=True)
class Step:
    """The largest batch of a run: rows × length positions, `supervised` of a row in the tail."""

    rows: int
    length: int
    supervised: int


@dataclass(frozen=True)
class Layer:
    """One layer's sizes."""

    hidden: int
    mlp: int
    queries: int  # heads × head size
    heads: int
    kv: int  # of keys alone; 0 where another layer's are read
    gate: int  # per-layer input
    adapted: bool

    def held(self, compiled: bool) -> int:
        """Return how many numbers a position leaves behind for the backward pass."""
        activation = self.mlp * (1 if compiled else 1 + GELU_COPIES)
        gates = self.gate * (2 if compiled else 2 + GELU_COPIES)
        norms = 5 * self.hidden  # what the norms read: input, attention, middle, MLP, gate
        inputs = 2 * self.queries + 4 * self.kv
        adapter = self.adapted * (2 * self.hidden + self.queries + self.mlp)
        return norms + inputs + self.mlp + activation + gates + adapter


def layers_of(gemma: Gemma) -> list[Layer]:
    """Return the sizes of each layer, adapters as they are attached."""
    found = []
    for module in gemma.layers:
        layer: Any = module
        attention, config = layer.self_attn, gemma.config
        heads = config.num_attention_heads
        head = attention.head_dim
        own = gemma.sources[len(found)] == len(found)
        groups = getattr(attention, "n_kv_heads", config.num_key_value_heads)
        found.append(
            Layer(
                config.hidden_size,
                rows_of(layer.mlp.up_proj),
                heads * head,
                heads,
                groups * head * own,
                getattr(config, "hidden_size_per_layer_input", 0),
                any(n.endswith("lora_a") for n in adapters.weights(layer)),
            )
        )
    return found


def rows_of(module: Any) -> int:
    """Return how many outputs a linear has, with or without an adapter."""
    return (module.linear if "linear" in module else module).weight.shape[0]


def attached(model: nn.Module, settings: Settings) -> Gemma:
    """Return a skeleton with the adapters of a run on it."""
    gemma = Gemma(model)
    adapters.attach(model, list(gemma.layers), settings)
    return gemma


def estimate(gemma: Gemma, settings: Settings, step: Step, compiled: bool) -> dict[str, int]:
    """Return bytes by part for a step of a model with its adapters attached."""
    trainable = [w.nbytes for w in adapters.weights(gemma.model).values()]
    weights = stored_bytes(gemma.model, adapters.LEAVES)
    parts = {
        "weights": weights["other"],
        "embedding": weights["embedding"],
        "per-layer embedding": weights["per-layer embedding"],
        "adapters": sum(trainable),
        "gradients": sum(trainable) * (2 if settings.accumulate > 1 else 1),
        "optimizer": 2 * sum(trainable),
    }
    norm: Any = gemma.backbone.norm  # norms are never quantised: theirs is the type of activations
    return parts | step_bytes(gemma, settings, step, norm.weight.dtype.size, compiled)


def step_bytes(
    gemma: Gemma, settings: Settings, step: Step, size: int, compiled: bool
) -> dict[str, int]:
    """Return the bytes of activations, scores, shared keys and values, and logits."""
    every, first = layers_of(gemma), gemma.first_shared
    whole, tail = step.rows * step.length, step.rows * step.supervised
    positions = [whole if i < first else tail for i in range(len(every))]
    held = [n * layer.held(compiled) for n, layer in zip(positions, every, strict=True)]
    scores = [n * step.length * layer.heads for n, layer in zip(positions, every, strict=True)]
    if settings.checkpoint_gradients:
        edges = sum(n * layer.hidden for n, layer in zip(positions, every, strict=True))
        alive, kept = edges + AGAIN * max(held), AGAIN * max(scores)
    else:
        alive, kept = sum(held), sum(scores)
    inputs = sum(n * layer.gate for n, layer in zip(positions, every, strict=True))
    shared = sum(2 * every[gemma.sources[i]].kv for i in range(first, len(every)))
    own = sum(2 * every[p].kv for p in gemma.producers(first))
    chunk = min(tail, settings.head_positions)
    return {
        "activations": (alive + inputs) * size,
        "attention scores": (kept + (SCORE_COPIES - 1) * max(scores)) * size,
        "shared keys and values": whole * (shared + own) * size,
        "logits": HEAD_COPIES * chunk * gemma.config.vocab_size * mx.float32.size,
    }
