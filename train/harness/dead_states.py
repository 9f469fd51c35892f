"""Ways to damage a captured state: a state and what stands around it in, a dead copy out.

JUDGED are the ways that a stage is judged by; they never change, and two of them nobody trains on.
TAUGHT are further ones, of the training side only: who has seen one strength of noise and one kind
of gap knows those, and takes a state that was harmed in another way for a sound one.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

JUDGED = {
    "zeroed": "all components 0",
    "noised": "normal noise added, its size the state's own root mean square",
    "foreign": "the state of another prompt of the same split, at the same layer",
    "nan": "one component not a number",
    "stale": "the state of an earlier token of the same continuation, at the same layer",
    "two_bit": "each component rounded to four levels between the least and the largest",
}
TAUGHT = {
    "unsteady": "normal noise added, of 0.3 to 3 times the state's root mean square",
    "scaled": "a fourth to four times the state, but not within a fifth of its size",
    "rotated": "turned by 30 to 90 degrees towards a random direction",
    "mixed": "three to seven tenths of another prompt's state in it",
    "gaps": "a fourth to three fourths of the components 0",
    "shuffled": "a fourth of the components or all in another order",
    "clipped": "no component beyond a half to one and a half root mean squares",
    "narrow": "only what lies along the directions that hold 50 to 90 % "
    "of the variance of its split in the shard",
    "other_layer": "the state of the same token at another candidate layer",
}
RECIPES = JUDGED | TAUGHT
KINDS = tuple(RECIPES)
HELD_OUT = ("stale", "two_bit")  # kinds that only these splits have:
HELD_OUT_SPLITS = ("calib", "test")
FOREIGN = ("foreign", "mixed")  # need the state of another prompt


@dataclass(frozen=True)
class Around:
    """What stands around a state: its split's states of that layer in the shard, other layers."""

    donor: np.ndarray | None  # [d], another state of the same layer
    axes: np.ndarray  # [d x d], principal directions of the layer's states, the widest first
    widths: np.ndarray  # [d], the share of the variance along each
    middle: np.ndarray  # [d], the layer's mean state
    elsewhere: Sequence[np.ndarray]  # [d] each, at the other candidate layers


def possible(kind: str, split: str, step: int, others: Sequence[int], layers: int) -> bool:
    """Say whether a state can be damaged so: each side has its kinds; some need another state."""
    judging = split in HELD_OUT_SPLITS
    if (kind in HELD_OUT and not judging) or (kind in TAUGHT and judging):
        return False
    return {"stale": step > 0, "other_layer": layers > 1}.get(
        kind, kind not in FOREIGN or bool(others)
    )


def damaged(kind: str, h: np.ndarray, dice: np.random.Generator, around: Around) -> np.ndarray:
    """Return a damaged copy of a state [d] float32; RECIPES says how.

    >>> around = Around(None, np.eye(4), np.ones(4), np.zeros(4), [])
    >>> damaged("two_bit", np.array([0, 1, 2, 9.0], np.float32), None, around).tolist()
    [0.0, 0.0, 3.0, 9.0]
    """
    return WAYS[kind](h, dice, around)


def size_of(h: np.ndarray) -> float:
    """Return the root mean square."""
    return np.sqrt(np.mean(h * h))


def noise(h: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return normal noise in the shape of a state."""
    return dice.normal(size=h.shape).astype(np.float32)


def hole(h: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return a state with one component not a number."""
    gone = h.copy()
    gone[dice.integers(len(h))] = np.nan
    return gone


def four_levels(h: np.ndarray) -> np.ndarray:
    """Return a state rounded to four levels between its least and largest component."""
    step = (h.max() - h.min()) / 3
    return h.min() + np.round((h - h.min()) / max(step, 1e-30)) * step


def rotated(h: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return a state turned towards a random direction, as long as it was."""
    aside = noise(h, dice)
    aside -= h * (aside @ h) / max(h @ h, 1e-30)
    aside *= np.linalg.norm(h) / max(np.linalg.norm(aside), 1e-30)
    turn = dice.uniform(np.pi / 6, np.pi / 2)
    return h * np.cos(turn) + aside * np.sin(turn)


def mixed(h: np.ndarray, donor: np.ndarray | None, part: float) -> np.ndarray:
    """Return a state with so much of another in it."""
    assert donor is not None
    return h * (1 - part) + donor * part


def shuffled(h: np.ndarray, dice: np.random.Generator) -> np.ndarray:
    """Return a state with some components, or all, in another order."""
    at = np.flatnonzero(dice.random(len(h)) < dice.choice([0.25, 1.0]))
    moved = h.copy()
    moved[at] = h[dice.permutation(at)]
    return moved


def clipped(h: np.ndarray, most: float) -> np.ndarray:
    """Return a state with no component beyond a size."""
    return np.clip(h, -most, most)


def narrow(h: np.ndarray, held: float, around: Around) -> np.ndarray:
    """Return what lies along the first directions that hold so much of the variance."""
    axes = around.axes[: int(np.searchsorted(np.cumsum(around.widths), held)) + 1]
    return around.middle + (h - around.middle) @ axes.T @ axes


WAYS: dict[str, Callable[[np.ndarray, np.random.Generator, Around], Any]] = {
    "zeroed": lambda h, dice, around: np.zeros_like(h),
    "noised": lambda h, dice, around: h + noise(h, dice) * size_of(h),
    "foreign": lambda h, dice, around: around.donor,
    "nan": lambda h, dice, around: hole(h, dice),
    "stale": lambda h, dice, around: around.donor,
    "two_bit": lambda h, dice, around: four_levels(h),
    "unsteady": lambda h, dice, around: (
        h + noise(h, dice) * size_of(h) * np.exp(dice.uniform(np.log(0.3), np.log(3)))
    ),
    "scaled": lambda h, dice, around: (
        h * np.exp(dice.uniform(np.log(1.2), np.log(4)) * dice.choice([-1, 1]))
    ),
    "rotated": lambda h, dice, around: rotated(h, dice),
    "mixed": lambda h, dice, around: mixed(h, around.donor, dice.uniform(0.3, 0.7)),
    "gaps": lambda h, dice, around: h * (dice.random(len(h)) > dice.uniform(0.25, 0.75)),
    "shuffled": lambda h, dice, around: shuffled(h, dice),
    "clipped": lambda h, dice, around: clipped(h, size_of(h) * dice.uniform(0.5, 1.5)),
    "narrow": lambda h, dice, around: narrow(h, dice.uniform(0.5, 0.9), around),
    "other_layer": lambda h, dice, around: around.elsewhere[
        int(dice.integers(len(around.elsewhere)))
    ],
}
