"""Samples into batches: packs of whole samples side by side, or padded rows sorted by length.

The order is a pure function of (seed, epoch): a resumed run sees what an uninterrupted one would.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from train.stages.samples import Sample

SORTED_TOGETHER = 64  # samples: rows of like length, yet another neighbour every epoch


@dataclass(frozen=True)
class Batch:
    """What one forward pass reads."""

    tokens: mx.array  # [b x s]
    segments: mx.array | None  # [b x s] which sample a position belongs to, in a pack
    positions: mx.array  # [b x p] whose next token is learned
    targets: mx.array  # [b x p]
    weights: mx.array  # [b x p], 0 where padded
    real_tokens: int
    supervised: int


def plan(
    lengths: Sequence[int], batching: str, batch_tokens: int, seed: int, epoch: int
) -> list[list[int]]:
    """Return groups of sample numbers, each sample once.

    >>> plan([5, 5, 5], "pack", 10, seed=0, epoch=0) == plan([5, 5, 5], "pack", 10, 0, 0)
    True
    """
    rng = np.random.default_rng([seed, epoch])
    order = [int(i) for i in rng.permutation(len(lengths))]
    groups = _packs(order, lengths, batch_tokens)
    if batching == "rows":
        groups = _rows(order, lengths, batch_tokens)
    return [groups[i] for i in rng.permutation(len(groups))]


def _packs(order: list[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return packs by first fit among the last sixteen opened."""
    packs: list[list[int]] = []
    room: list[int] = []
    for i in order:
        open_ones = range(max(0, len(packs) - 16), len(packs))
        fit = next((p for p in open_ones if room[p] >= lengths[i]), None)
        if fit is None:
            packs.append([])
            room.append(budget)
            fit = len(packs) - 1
        packs[fit].append(i)
        room[fit] -= lengths[i]
    return packs


def _rows(order: list[int], lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Return batches of like length whose padded size stays within the budget."""
    groups: list[list[int]] = []
    for start in range(0, len(order), SORTED_TOGETHER):
        part = sorted(order[start : start + SORTED_TOGETHER], key=lambda i: lengths[i])
        group: list[int] = []
        for i in part:
            if group and (len(group) + 1) * lengths[i] > budget:
                groups.append(group)
                group = []
            group.append(i)
        groups.append(group)
    return groups


def pack(samples: Sequence[Sample]) -> Batch:
    """Return samples side by side in one row, none of them in sight of another."""
    ids: list[int] = []
    segments, positions, targets, weights = [], [], [], []
    for number, sample in enumerate(samples):
        positions += [len(ids) + t - 1 for t in sample.targets]
        targets += [sample.ids[t] for t in sample.targets]
        weights += [sample.weight] * len(sample.targets)
        segments += [number] * len(sample.ids)
        ids += sample.ids
    alone = len(samples) == 1
    return Batch(
        mx.array([ids]),
        None if alone else mx.array([segments]),
        mx.array([positions]),
        mx.array([targets]),
        mx.array([weights]),
        len(ids),
        len(targets),
    )


def pad(samples: Sequence[Sample]) -> Batch:
    """Return samples as rows, padded on the right; padding is neither learned nor seen."""
    b, s = len(samples), max(len(x.ids) for x in samples)
    p = max(len(x.targets) for x in samples)
    tokens, positions = np.zeros((b, s), np.int32), np.zeros((b, p), np.int32)
    targets, weights = np.zeros((b, p), np.int32), np.zeros((b, p), np.float32)
    for i, x in enumerate(samples):
        n = len(x.targets)
        tokens[i, : len(x.ids)] = x.ids
        positions[i, :n] = np.array(x.targets) - 1
        targets[i, :n] = [x.ids[t] for t in x.targets]
        weights[i, :n] = x.weight
    return Batch(
        mx.array(tokens),
        None,
        mx.array(positions),
        mx.array(targets),
        mx.array(weights),
        sum(len(x.ids) for x in samples),
        sum(len(x.targets) for x in samples),
    )


def make(samples: Sequence[Sample], batching: str) -> Batch:
    """Return the batch of samples that a plan put together."""
    return pack(samples) if batching == "pack" else pad(samples)
