"""Damaged copies of captured states: a shard in, states out that are known to be dead.

Who learns to tell dead states from live ones needs some whose death is certain, and who is tested
on it needs ways to die that nobody trained on: those occur on the held-out side only.
"""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.dead_states import (
    FOREIGN,
    HELD_OUT,
    HELD_OUT_SPLITS,
    JUDGED,
    KINDS,
    RECIPES,
    Around,
    damaged,
    possible,
)
from train.harness.shards import finished_shard, read_shard, write_shard

EACH = 4  # positions of a prompt; at each layer each gets one kind, in turn
TAUGHT_EACH = 12  # of a prompt of the training side, which has more kinds
SEED = "planted-1"
Note = dict[str, Any]
Row = tuple[int, int, int, np.ndarray]  # row of the shard, layer, kind, state [d]
Directions = tuple[np.ndarray, np.ndarray, np.ndarray]  # axes, widths, middle: see Around


def recipe() -> dict[str, Any]:
    """Return what a manifest says of how states were damaged."""
    held = {"kinds": list(HELD_OUT), "splits": list(HELD_OUT_SPLITS)}
    each = {"each": EACH, "taught_each": TAUGHT_EACH}
    return each | {"seed": SEED, "kinds": RECIPES, "held_out": held}


def plant_shards(folder: Path, notes: Sequence[Note], layers: Sequence[int]) -> list[Note]:
    """Write a shard of damaged states beside each shard of real ones; return their notes.

    `h` [n x d], and for each row of it `row` of the real shard, `layer` and `kind` (of KINDS).
    """
    planted = []
    for number, note in enumerate(notes):
        made = finished_shard(folder, number, "planted")
        if made is None or made["of"] != note["sha256"]:
            arrays = plant(note, read_shard(folder, note), layers)
            facts = {"rows": len(arrays["row"]), "of": note["sha256"]}
            made = write_shard(folder, number, arrays, facts, "planted")
        planted.append(made)
    return planted


def plant(note: Note, rows: dict[str, mx.array], layers: Sequence[int]) -> dict[str, mx.array]:
    """Return the damaged states of one shard, in the dtype of the real ones."""
    states = {k: np.array(rows[f"h.{k}"].astype(mx.float32)) for k in layers}
    stops = np.cumsum(note["lengths"])
    of = np.repeat(note["splits"], note["lengths"])
    wide = {s: {k: directions(h[of == s]) for k, h in states.items()} for s in set(note["splits"])}
    made: list[Row] = []
    for i, prompt in enumerate(note["prompts"]):
        span = range(stops[i] - note["lengths"][i], stops[i])
        same = [
            j for j, split in enumerate(note["splits"]) if split == note["splits"][i] and j != i
        ]
        others = [r for j in same for r in range(stops[j] - note["lengths"][j], stops[j])]
        made += plant_prompt(
            prompt, note["splits"][i], span, others, states, wide[note["splits"][i]]
        )
    at, layer, kind = (mx.array([row[j] for row in made], mx.int32) for j in range(3))
    h = mx.array(np.stack([row[3] for row in made])).astype(rows[f"h.{layers[0]}"].dtype)
    return {"h": h, "row": at, "layer": layer, "kind": kind}


def plant_prompt(
    prompt: str,
    split: str,
    span: range,
    others: Sequence[int],
    states: dict[int, np.ndarray],
    wide: dict[int, Directions],
) -> list[Row]:
    """Return the damaged states of one prompt, whose real ones are the rows of `span`."""
    dice = np.random.default_rng(
        int.from_bytes(hashlib.sha256(f"{SEED}\0{prompt}".encode()).digest()[:8])
    )
    each = EACH if split in HELD_OUT_SPLITS else TAUGHT_EACH
    chosen = sorted(dice.choice(len(span), min(each, len(span)), replace=False).tolist())
    turn = int(dice.integers(len(JUDGED)))
    made: list[Row] = []
    for layer, h in states.items():
        for step in chosen:
            usable = [k for k in KINDS if possible(k, split, step, others, len(states))]
            kind = usable[turn % len(usable)]
            turn += 1
            donors = others if kind in FOREIGN else span[:step]
            needs = kind in (*FOREIGN, "stale")
            donor = h[donors[int(dice.integers(len(donors)))]] if needs else None
            row = span[step]
            elsewhere = [other[row] for k, other in states.items() if k != layer]
            around = Around(donor, *wide[layer], elsewhere)
            made.append((row, layer, KINDS.index(kind), damaged(kind, h[row], dice, around)))
    return made


def directions(h: np.ndarray) -> Directions:
    """Return principal directions of states [n x d], their shares of the variance, the mean."""
    h = np.nan_to_num(h)
    middle = h.mean(axis=0)
    _, widths, axes = np.linalg.svd(h - middle, full_matrices=False)
    return axes, widths**2 / max(float((widths**2).sum()), 1e-30), middle
