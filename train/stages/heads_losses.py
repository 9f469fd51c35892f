"""What routing heads learn from, as losses: rows of states with their labels in, a sum each out."""

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.model.heads import Heads
from train.stages.looks import Rows


def judgements(
    member: Heads, rows: Rows, settings: Any, balance: Mapping[str, mx.array]
) -> dict[str, mx.array]:
    """Return Σ over rows of each weighted loss: confidence, route, vitality, earliest.

    `settings` are those of stage 2; `balance` holds a weight a class of route and vitality. Unsure
    labels weigh less; damaged copies have no earliest layer.
    """
    said, s = member(rows.look()), settings
    sure, real = mx.array(rows.sure), mx.array(rows.real)
    found = {
        "confidence": s.confidence
        * nn.losses.binary_cross_entropy(
            said["confidence"], mx.array(rows.right), with_logits=True, reduction="sum"
        )
    }
    for name, weight in (("route", s.route), ("vitality", s.vitality)):
        target = mx.array(getattr(rows, name).astype(np.int32))
        each = nn.losses.cross_entropy(said[name], target)
        found[name] = weight * (each * sure * balance[name][target]).sum()
    target = mx.array(rows.earliest.astype(np.int32))
    each = nn.losses.cross_entropy(said["earliest"], target)
    return found | {"earliest": s.earliest * (each * sure * real).sum()}


def class_weights(counts: np.ndarray, balance: float) -> mx.array:
    """Return a weight a class, their mean over rows 1; a class that does not occur has none.

    >>> class_weights(np.array([8.0, 2.0, 0.0]), 1.0).tolist()
    [0.625, 2.5, 0.0]
    """
    raw = np.where(counts > 0, np.maximum(counts, 1) ** -balance, 0)
    return mx.array(raw * counts.sum() / (raw * counts).sum(), mx.float32)
