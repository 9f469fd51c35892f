"""What stands beside an adapter in stage 1's table: word order alone, and a scrambled adapter."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.ngram import NGram
from train.harness.measure import Asked, Score

NGRAM_TOKENS = 1_000_000  # of the training rows are counted at the most: they are held in memory


def ngram_scores(
    vocabulary: int, rows: Iterable[Sequence[int]], asked: Sequence[Asked]
) -> list[Score]:
    """Return the cross-entropy of the reference answers under 3-grams of the training rows."""
    counted, model = 0, NGram(vocabulary)
    for ids in rows:
        model.fit([ids])
        counted += len(ids)
        if counted > NGRAM_TOKENS:
            break
    return [
        Score(
            a.id,
            model.cross_entropy(a.ids, range(a.start, len(a.ids))),
            len(a.ids) - a.start,
            a.group,
        )
        for a in asked
    ]


def scrambled(weights: Mapping[str, mx.array], seed: int = 0) -> dict[str, mx.array]:
    """Return every tensor with its numbers in a random order: as large, and nothing learned.

    The negative control: an adapter has to gain more than one made so.

    >>> sorted(scrambled({"w": mx.array([3.0, 1.0, 2.0])})["w"].tolist())
    [1.0, 2.0, 3.0]
    """
    rng = np.random.default_rng(seed)
    made = {}
    for name in sorted(weights):
        values: Any = np.array(weights[name].astype(mx.float32))
        mixed = rng.permutation(values.ravel()).reshape(values.shape)
        made[name] = mx.array(mixed).astype(weights[name].dtype)
    return made
