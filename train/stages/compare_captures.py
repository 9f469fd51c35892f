"""Two captures of one pack side by side: did training change what the layers say, or only where?

Facts are paired by prompt, each over its own continuation. States are compared where both models
stand behind the very same tokens: until their continuations part.
"""

from collections.abc import Container, Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.statistics import Estimate, weighted_mean
from train.harness.capture import read_manifest
from train.harness.kernel_cka import cka_interval
from train.harness.shards import read_shard
from train.stages.stage0 import records
from warehouse.errors import AgpError

MOST = 512  # positions whose states are compared: CKA resamples kernels of their square
Facts = dict[str, Any]
Arrays = dict[str, np.ndarray]
Pairs = list[tuple[str, Arrays, Arrays]]  # prompt, states of both at the shared steps


@dataclass(frozen=True)
class Comparison:
    """What two captures say of one split, layer by layer."""

    a: str
    b: str
    split: str
    prompts: int
    shared: int  # positions whose tokens before are the same in both
    positions: int  # of the first
    facts: list[dict[str, Any]]  # a row a layer and lens: means, and differences b − a
    states: list[dict[str, Any]]  # a row a layer: CKA with interval, mean cosine


def compare(a: Path, b: Path, split: str = "valid") -> Comparison:
    """Read two finished captures; AgpError where they cannot be held side by side."""
    one, other = read_manifest(a), read_manifest(b)
    refuse_unlike(one, other)
    values = {"a": str(a / "traces.parquet"), "b": str(b / "traces.parquet"), "split": split}
    rows = records("compare", values)
    if not rows:
        raise AgpError(f"the captures share no prompt of the {split} split")
    facts = [fact_row(list(group)) for _, group in groupby(rows, lambda r: (r["lens"], r["layer"]))]
    shared, positions, pairs = shared_states(a, b, one, other, split)
    return Comparison(
        one["capture_id"],
        other["capture_id"],
        split,
        facts[0]["n"],
        shared,
        positions,
        facts,
        [state_row(k, pairs) for k in (*one["layers"], one["n_layers"]) if shared],
    )


def refuse_unlike(one: Facts, other: Facts) -> None:
    """Raise AgpError where two captures differ in pack, depth or layers."""
    for name, what in (("pack_digest", "packs"), ("n_layers", "depths"), ("layers", "layers")):
        if one[name] != other[name]:
            raise AgpError(
                f"the captures have different {what} ({one[name]} and {other[name]}); capture both "
                "with the same --pack and --layers"
            )


def fact_row(rows: list[dict[str, Any]]) -> dict[str, Any]:
    """Return a layer's line: both means, and what changed, paired by prompt."""
    ones = [1.0] * len(rows)
    found: dict[str, Any] = {k: rows[0][k] for k in ("lens", "layer")} | {"n": len(rows)}
    for name in ("kl", "agree", "stays"):
        before, after = ([r[f"{name}_{c}"] for r in rows] for c in "ab")
        found |= {f"{name}_a": float(np.mean(before)), f"{name}_b": float(np.mean(after))}
        found[name] = weighted_mean(np.subtract(after, before), ones)
    return found


def state_row(layer: int, pairs: Pairs) -> Facts:
    """Return a layer's line: CKA of the states of shared positions, and their mean cosine."""
    rows = [(prompt, one[f"h.{layer}"], other[f"h.{layer}"]) for prompt, one, other in pairs]
    x, y = (np.concatenate([r[i] for r in rows]) for i in (1, 2))
    prompts = [prompt for prompt, states, _ in rows for _ in states]
    lengths = np.linalg.norm(x, axis=1) * np.linalg.norm(y, axis=1)
    cosine = np.sum(x * y, axis=1) / np.maximum(lengths, 1e-30)
    value, low, high = cka_interval(x, y, prompts)
    return {
        "layer": layer,
        "cka": Estimate(value, low, high, len(rows)),
        "cosine": float(cosine.mean()),
    }


def shared_states(a: Path, b: Path, one: Facts, other: Facts, split: str) -> tuple[int, int, Pairs]:
    """Return how many positions are shared, of how many, and the states of the first of them."""
    said, theirs = (
        {p: rows["token"] for p, rows in prompts_of(folder, facts, split, ["token"])}
        for folder, facts in ((a, one), (b, other))
    )
    steps = {p: shared_steps(tokens, theirs[p]) for p, tokens in said.items() if p in theirs}
    chosen, total = [], 0
    for prompt, n in steps.items():
        if total < MOST:
            chosen.append(prompt)
            total += n
    names = [f"h.{k}" for k in (*one["layers"], one["n_layers"])]
    mine, theirs = (
        dict(prompts_of(folder, facts, split, names, chosen))
        for folder, facts in ((a, one), (b, other))
    )
    pairs = [(p, cut(mine[p], steps[p]), cut(theirs[p], steps[p])) for p in chosen]
    return sum(steps.values()), sum(map(len, said.values())), pairs


def cut(states: Arrays, n: int) -> Arrays:
    """Return the first n rows of each array."""
    return {name: rows[:n] for name, rows in states.items()}


def shared_steps(mine: np.ndarray, theirs: np.ndarray) -> int:
    """Return at how many steps two models stand behind the same tokens: always at the first.

    >>> shared_steps(np.array([5, 6, 7]), np.array([5, 9, 7]))
    2
    """
    n = min(len(mine), len(theirs))
    parted = np.flatnonzero(mine[:n] != theirs[:n])
    return int(parted[0]) + 1 if len(parted) else n


def prompts_of(
    folder: Path,
    facts: Facts,
    split: str,
    names: Sequence[str],
    chosen: Container[str] | None = None,
) -> Iterator[tuple[str, Arrays]]:
    """Yield each prompt of a split with these arrays of it, float32; only chosen ones if given."""
    for note in facts["shards"]:
        wanted = [
            split == of and (chosen is None or prompt in chosen)
            for prompt, of in zip(note["prompts"], note["splits"], strict=True)
        ]
        if not any(wanted):
            continue
        rows = read_shard(folder, note)
        stops = np.cumsum(note["lengths"]).tolist()
        for prompt, n, stop, take in zip(
            note["prompts"], note["lengths"], stops, wanted, strict=True
        ):
            if take:
                part = {name: rows[name][stop - n : stop] for name in names}
                yield prompt, {k: np.array(v.astype(mx.float32)) for k, v in part.items()}
