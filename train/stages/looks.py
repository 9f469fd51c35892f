"""Rows for heads: positions in, a row for each candidate layer and each damaged copy out."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import mlx.core as mx
import numpy as np

from train.model.heads import ROUTES, VITALITIES, Look
from train.stages.examples import Part

REVIVE, DEAD = ROUTES.index("revive_local"), VITALITIES.index("dead")


@dataclass(frozen=True)
class Rows:
    """What heads are asked, [r] each or wider, and what they should say."""

    scalars: np.ndarray  # [p x k x s], of positions and of damaged copies
    same: np.ndarray  # [p x k x k]
    of: np.ndarray  # which of them a row belongs to
    state: np.ndarray  # [r x d]
    layer: np.ndarray
    route: np.ndarray
    vitality: np.ndarray
    earliest: np.ndarray
    right: np.ndarray  # the first token is full depth's, and the state is a real one
    sure: np.ndarray  # how sure the labels are
    real: np.ndarray  # 0 for a damaged copy

    def look(self) -> Look:
        """Return what heads may see of it."""
        return Look(
            mx.array(self.state),
            mx.array(self.layer.astype(np.int32)),
            mx.array(self.of.astype(np.int32)),
            mx.array(self.scalars),
            mx.array(self.same.astype(np.float32)),
        )

    def __len__(self) -> int:
        """Return how many rows there are."""
        return len(self.layer)


def real_rows(part: Part, at: np.ndarray) -> Rows:
    """Return the rows of positions: all candidate layers of the first, then of the next."""
    n, k = len(at), part.states.shape[1]
    arrays = {name: value[at] for name, value in part.arrays.items() if "." not in name}
    layer = np.tile(np.arange(k), n)
    return Rows(
        arrays["scalars"],
        arrays["same"],
        np.repeat(np.arange(n), k),
        part.states[at].reshape(n * k, -1),
        layer,
        arrays["route"].ravel(),
        arrays["vitality"].ravel(),
        np.repeat(arrays["earliest"], k),
        arrays["agree"].ravel().astype(np.float32),
        arrays["sure"].ravel(),
        np.ones(n * k, np.float32),
    )


def dead_rows(part: Part, which: np.ndarray) -> Rows:
    """Return the rows of damaged copies; the layers before are those of the real position."""
    row, layer = part.arrays["planted.row"][which], part.arrays["planted.layer"][which]
    m, every = len(which), np.arange(len(which))
    scalars, same = part.arrays["scalars"][row], part.arrays["same"][row]
    scalars[every, layer] = part.arrays["planted.scalars"][which]
    before = np.arange(same.shape[1])[None] < layer[:, None]
    same[every, layer] = part.arrays["planted.same"][which] * before
    return Rows(
        scalars,
        same,
        every,
        part.dead[which],
        layer,
        np.full(m, REVIVE),
        np.full(m, DEAD),
        part.arrays["earliest"][row],
        np.zeros(m, np.float32),
        np.ones(m, np.float32),
        np.zeros(m, np.float32),
    )


def dead_of(part: Part, at: np.ndarray) -> np.ndarray:
    """Return which damaged copies are of these positions."""
    return np.flatnonzero(np.isin(part.arrays["planted.row"], at))


def joined(parts: Sequence[Rows]) -> Rows:
    """Return rows one behind the other."""
    starts = np.cumsum([0, *(len(p.scalars) for p in parts)])
    moved = [replace(p, of=p.of + start) for p, start in zip(parts, starts, strict=False)]
    names = Rows.__dataclass_fields__
    return Rows(*(np.concatenate([getattr(p, name) for p in moved]) for name in names))


def both(part: Part, at: np.ndarray) -> Rows:
    """Return the rows of positions and of the damaged copies of them."""
    return joined([real_rows(part, at), dead_rows(part, dead_of(part, at))])


def shuffled(rows: Rows, seed: Sequence[int]) -> Rows:
    """Return rows whose targets are those of other rows of the same layer: a negative control."""
    dice = np.random.default_rng(list(seed))
    order = np.arange(len(rows))
    for layer in np.unique(rows.layer):
        here = np.flatnonzero(rows.layer == layer)
        order[here] = dice.permutation(here)
    targets = ("route", "vitality", "earliest", "right", "sure", "real")
    return replace(rows, **{name: getattr(rows, name)[order] for name in targets})
