"""What a run takes, and the parts that every stage's figure is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import mlx.nn as nn

from train.model.gemma import Gemma
from train.model.skeleton import stored_bytes

STATE = 4  # bytes of a captured number
TRAINED = 4  # copies of what is trained: itself, its gradient, two moments


@dataclass(frozen=True)
class Taken:
    """What a stage takes, as far as it can be told."""

    trainable: int  # numbers
    rows: dict[str, int]
    steps: int | None
    parts: dict[str, int]  # bytes by part
    said: str  # what is trained, on what


def backbone(gemma: Gemma) -> dict[str, int]:
    """Return the bytes of a frozen model."""
    weights = stored_bytes(gemma.model)
    names = {"other": "weights", "embedding": "embedding"}
    return {name: weights[key] for key, name in names.items()} | {
        "per-layer embedding": weights["per-layer embedding"]
    }


def trained(count: int) -> dict[str, int]:
    """Return the bytes of what is trained with its gradient and moments."""
    return {"trained, with gradient and moments": TRAINED * STATE * count}


def size(module: nn.Module, weights: Any) -> int:
    """Return how many numbers a module holds; nothing is computed."""
    return sum(w.size for w in weights(module).values())


def positions(facts: Mapping[str, Any], split: str) -> int:
    """Return how many captured positions a split has."""
    return sum(
        n
        for note in facts["shards"]
        for of, n in zip(note["splits"], note["lengths"], strict=True)
        if of == split
    )
