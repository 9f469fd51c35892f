"""What stage 4 learns from, as arrays, and its losses, each a value a row."""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.model.semantic import Semantic
from train.stages.text_states import TextStates


@dataclass(frozen=True)
class Rows:
    """r texts: states, what they should say, and what lies beside them."""

    labels: tuple[str, ...]
    states: np.ndarray  # [r x d]
    near: np.ndarray  # [r x d] the state in other words; NaN where there are none
    neighbour: np.ndarray  # [r x d] a neighbour's state; NaN where there is none
    target: np.ndarray  # [r x l] probability
    sure: np.ndarray  # [r x l] weight of each label: 0 where nobody ever judged it
    weight: np.ndarray  # [r]
    text: np.ndarray  # [r] which text it is
    bundles: list[frozenset[str]]

    def __len__(self) -> int:
        """Return r."""
        return len(self.states)

    def rate(self) -> np.ndarray:
        """Return how often each label holds [l], by its weights."""
        weight = self.sure * self.weight[:, None]
        return (self.target * weight).sum(0) / np.maximum(weight.sum(0), 1e-9)

    def taken(self, at: np.ndarray) -> "Rows":
        """Return some rows."""
        arrays: dict[str, Any] = {f.name: getattr(self, f.name)[at] for f in fields(self)[1:-1]}
        return Rows(self.labels, **arrays, bundles=[self.bundles[i] for i in at])

    def shuffled(self, seed: Sequence[int]) -> "Rows":
        """Return rows with the labels and bundles of other rows: a negative control."""
        order = np.random.default_rng(list(seed)).permutation(len(self))
        kept = (self.states, self.near, self.neighbour)
        moved = (self.target[order], self.sure[order], self.weight, self.text)
        return Rows(self.labels, *kept, *moved, [self.bundles[i] for i in order])


def read(source: TextStates, split: str, pool: str, unvoted: float) -> Rows:
    """Return the distinct texts of a split; labels that nothing voted on weigh `unvoted`."""
    texts = source.read(split)
    states = source.states(split, pool)
    place = {name: i for i, name in enumerate(texts.ids)}
    first = [next((place[n] for n in names if n in place), -1) for names in texts.neighbours]
    chosen = np.array(first)
    neighbour = np.where((chosen >= 0)[:, None], states[chosen], np.nan).astype(np.float32)
    known = ~np.isnan(texts.target)
    return Rows(
        texts.labels,
        states,
        source.states(split, pool, "near"),
        neighbour,
        np.where(known, texts.target, 0).astype(np.float32),
        (known * np.where(texts.voted, 1.0, unvoted)).astype(np.float32),
        texts.weight.astype(np.float32),
        np.arange(len(texts)),
        [frozenset(names) for names in texts.bundles],
    )


def joined(parts: Sequence[Rows]) -> Rows:
    """Return rows one behind the other; texts of different parts are different."""
    arrays: dict[str, Any] = {
        f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Rows)[1:-2]
    }
    text = np.arange(sum(map(len, parts)))
    return Rows(parts[0].labels, **arrays, text=text, bundles=[b for p in parts for b in p.bundles])


def repeats(source: TextStates, splits: Sequence[str]) -> np.ndarray:
    """Return which text each row of the splits' files is, counted through all splits."""
    found, before = [], 0
    for split in splits:
        texts = source.read(split)
        found.append(texts.rows + before)
        before += len(texts)
    return np.concatenate(found)


def composite(member: Semantic, rows: Rows, settings: Any) -> mx.array:
    """Return Σ over rows of weight × the five losses, weighted as stage 4's settings say."""
    s = settings
    logits, z = member(mx.array(rows.states))
    each = cross_entropy(logits, rows)
    if s.l1:
        each = each + s.l1 * z.mean(axis=1)
    if s.stability:
        each = each + s.stability * apart(member, z, rows.near)
    if s.neighbours:
        each = each + s.neighbours * apart(member, z, rows.neighbour)
    if s.bundle:
        each = each + s.bundle * contrast(z, rows, s.temperature)
    return (each * mx.array(rows.weight)).sum()


def cross_entropy(logits: mx.array, rows: Rows) -> mx.array:
    """Return Σ over labels of weight × binary cross-entropy against probabilities [r]."""
    target, sure = mx.array(rows.target), mx.array(rows.sure)
    each = nn.losses.binary_cross_entropy(logits, target, with_logits=True, reduction="none")
    return (each * sure).sum(axis=-1)


def apart(member: Semantic, z: mx.array, other: np.ndarray) -> mx.array:
    """Return 1 − cos(z, activations of another state) [r]; 0 where there is none."""
    there = whole(other)
    _, activations = member(mx.array(np.where(there[:, None], other, 0)))
    return (1 - cosine(z, activations)) * mx.array(there.astype(np.float32))


def whole(states: np.ndarray) -> np.ndarray:
    """Return which states [n x d] are there: [n] bool."""
    return np.asarray(np.isfinite(states).all(axis=1))


def cosine(one: mx.array, other: mx.array) -> mx.array:
    """Return cosines of rows [r]; of a row of zeros 0."""
    return (unit(one) * unit(other)).sum(axis=-1)


def unit(x: mx.array) -> mx.array:
    """Return rows of length one; a gradient at zero is finite."""
    return x * mx.rsqrt((x * x).sum(axis=-1, keepdims=True) + 1e-8)


def contrast(z: mx.array, rows: Rows, temperature: float) -> mx.array:
    """Return −log of the share of a row's partners among all others of the batch [r].

    Supervised contrastive loss (Khosla et al. 2020, arXiv 2004.11362): partners share a bundle;
    copies of the text itself are no partners. 0 for a row without one.
    """
    names = sorted(frozenset().union(*rows.bundles))
    if not names:
        return mx.zeros(len(rows))
    held = np.array([[name in mine for name in names] for mine in rows.bundles], np.float32)
    other = rows.text[:, None] != rows.text[None, :]
    partner = ((held @ held.T > 0) & other).astype(np.float32)
    count = partner.sum(axis=1)
    u = unit(z)
    like = u @ u.T / temperature + mx.array(np.where(other, 0.0, -1e9).astype(np.float32))
    log_share = like - mx.logsumexp(like, axis=1, keepdims=True)
    found = -(mx.where(mx.array(partner) > 0, log_share, 0)).sum(axis=1)
    return found / mx.array(np.maximum(count, 1))
