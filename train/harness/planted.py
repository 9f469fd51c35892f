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

from train.harness.shards import finished_shard, read_shard, write_shard

EACH = 4  # positions of a prompt; at each layer each gets one kind, in turn
SEED = "planted-1"
RECIPES = {
    "zeroed": "all components 0",
    "noised": "normal noise added, its size the state's own root mean square",
    "foreign": "the state of another prompt of the same split, at the same layer",
    "nan": "one component not a number",
    "stale": "the state of an earlier token of the same continuation, at the same layer",
    "two_bit": "each component rounded to four levels between the least and the largest",
}
KINDS = tuple(RECIPES)
HELD_OUT = ("stale", "two_bit")  # kinds that only these splits have:
HELD_OUT_SPLITS = ("calib", "test")
Note = dict[str, Any]
Row = tuple[int, int, int, np.ndarray]  # row of the shard, layer, kind, state [d]


def recipe() -> dict[str, Any]:
    """Return what a manifest says of how states were damaged."""
    held = {"kinds": list(HELD_OUT), "splits": list(HELD_OUT_SPLITS)}
    return {"each": EACH, "seed": SEED, "kinds": RECIPES, "held_out": held}


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
    made: list[Row] = []
    for i, prompt in enumerate(note["prompts"]):
        span = range(stops[i] - note["lengths"][i], stops[i])
        same = [
            j for j, split in enumerate(note["splits"]) if split == note["splits"][i] and j != i
        ]
        others = [r for j in same for r in range(stops[j] - note["lengths"][j], stops[j])]
        made += plant_prompt(prompt, note["splits"][i], span, others, states)
    at, layer, kind = (mx.array([row[j] for row in made], mx.int32) for j in range(3))
    h = mx.array(np.stack([row[3] for row in made])).astype(rows[f"h.{layers[0]}"].dtype)
    return {"h": h, "row": at, "layer": layer, "kind": kind}


def plant_prompt(
    prompt: str, split: str, span: range, others: Sequence[int], states: dict[int, np.ndarray]
) -> list[Row]:
    """Return the damaged states of one prompt, whose real ones are the rows of `span`."""
    dice = np.random.default_rng(
        int.from_bytes(hashlib.sha256(f"{SEED}\0{prompt}".encode()).digest()[:8])
    )
    chosen = sorted(dice.choice(len(span), min(EACH, len(span)), replace=False).tolist())
    turn = int(dice.integers(len(KINDS)))
    made: list[Row] = []
    for layer, h in states.items():
        for step in chosen:
            usable = [kind for kind in KINDS if possible(kind, split, step, others)]
            kind = usable[turn % len(usable)]
            turn += 1
            donors = others if kind == "foreign" else span[:step]
            needs = kind in ("foreign", "stale")
            donor = h[donors[int(dice.integers(len(donors)))]] if needs else None
            row = span[step]
            made.append((row, layer, KINDS.index(kind), damaged(kind, h[row], donor, dice)))
    return made


def possible(kind: str, split: str, step: int, others: Sequence[int]) -> bool:
    """Say whether a state can be damaged so: held-out kinds, and kinds that need another state."""
    held = kind in HELD_OUT and split not in HELD_OUT_SPLITS
    return not held and (kind != "foreign" or bool(others)) and (kind != "stale" or step > 0)


def damaged(
    kind: str, h: np.ndarray, donor: np.ndarray | None, dice: np.random.Generator
) -> np.ndarray:
    """Return a damaged copy of a state [d] float32; RECIPES says how.

    >>> damaged("two_bit", np.array([0, 1, 2, 9.0], np.float32), None, None).tolist()
    [0.0, 0.0, 3.0, 9.0]
    """
    if donor is not None:
        return donor
    if kind == "zeroed":
        return np.zeros_like(h)
    if kind == "noised":
        size = np.sqrt(np.mean(h * h))
        return h + dice.normal(size=h.shape).astype(np.float32) * size
    if kind == "nan":
        gone = h.copy()
        gone[dice.integers(len(h))] = np.nan
        return gone
    step = (h.max() - h.min()) / 3
    return h.min() + np.round((h - h.min()) / max(step, 1e-30)) * step
