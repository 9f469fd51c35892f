"""What a model would say next: a prompt's ids in, its own greedy continuation out."""

from collections.abc import Sequence

import mlx.core as mx
import numpy as np

from train.model.gemma import Gemma


def continuation(gemma: Gemma, ids: Sequence[int], length: int, ends: set[int]) -> list[int]:
    """Return up to `length` greedy tokens after a prompt, the end-of-turn token included.

    Always at full depth: it is what every exit and every packet is compared with.
    """
    cache = gemma.make_cache()
    logits = gemma.prefill(mx.array([list(ids)]), cache)  # [1 x v]
    said: list[int] = []
    while len(said) < length:
        said.append(int(np.array(mx.argmax(logits, axis=-1))[0]))
        if said[-1] in ends:
            break
        logits = gemma.logits(mx.array([[said[-1]]]), cache)[:, -1]
    return said
