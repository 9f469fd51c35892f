"""A reference answer read token by token by a model that may leave early: what it makes of it."""

from collections.abc import Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.harness.generation import PREFILL, Way
from train.harness.policies import Draft
from train.model.gemma import Gemma
from train.model.routed import Routed


def forced_nats(gemma: Gemma, ids: Sequence[int], start: int, way: Way) -> float:
    """Return −Σ log p(ids[i]) over i ≥ start in nats, each read where the way lets it leave.

    A draft is checked by full depth, so it reads as full depth does.
    """
    if isinstance(way.policy, Draft):
        raise ValueError("a draft says what full depth says; read it at full depth")
    routed: Any = Routed(gemma, way.policy, way.exits)
    cache = gemma.make_cache()
    for at in range(0, start - 1, PREFILL):
        routed.prefill(mx.array([list(ids[at : min(at + PREFILL, start - 1)])]), cache)
    total = 0.0
    for i in range(start, len(ids)):
        logits = routed(mx.array([[ids[i - 1]]]), cache)[0].astype(mx.float32)  # [1 x v]
        total += float(np.array(nn.losses.cross_entropy(logits, mx.array([ids[i]])))[0])
    return total
