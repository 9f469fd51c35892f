"""A capture as the usefulness test reads it: facts of the lens, and what projections make of it."""

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import polars as pl

from train.eval.usefulness import Positions
from train.harness.capture import read_manifest
from train.harness.shards import read_shard
from train.model.heads import LOGGED, SCALARS
from train.model.identity import Identity, refuse_foreign
from train.model.semantic import Semantic
from warehouse.errors import AgpError


def usable(folder: Path, what: str, trained: Identity, split: str) -> dict[str, Any]:
    """Return a capture's manifest; AgpError where it is of another model or lacks a split."""
    facts = read_manifest(folder)
    if "planted_shards" not in facts or "width" not in facts:
        raise AgpError(f"{folder} was captured by another version of agp; capture anew")
    refuse_foreign(what, trained, replace(Identity.of(facts), layers=trained.layers))
    [layer] = trained.layers
    if layer not in facts["layers"]:
        raise AgpError(
            f"{what} reads layer {layer}, which capture {facts['capture_id']} does not hold; "
            f"`agp train capture --layers …,{layer}` does"
        )
    held = {name for note in facts["shards"] for name in note["splits"]}
    missing = sorted({"heads", "valid", split} - held)
    if missing:
        raise AgpError(
            f"capture {facts['capture_id']} holds no prompt of {', '.join(missing)}; "
            f"capture it (`agp train capture --splits heads,valid,calib,{split}`)"
        )
    return facts


def positions(
    folder: Path, facts: Mapping[str, Any], layer: int, split: str, read: Mapping[str, Semantic]
) -> Positions:
    """Return a split of a capture as judges see it; `read` are projections by name."""
    layers: list[int] = facts["layers"]
    own = layers.index(layer)
    rows = traces(folder, split)
    states, dead = split_states(folder, facts, layer, split)
    real = rows.filter(pl.col("planted").is_null()).sort("place", "step", "layer")
    k = len(layers)
    agree = real["agree"].to_numpy().reshape(-1, k)
    damaged = rows.filter(pl.col("planted").is_not_null() & (pl.col("layer") == layer))
    damaged = damaged.sort("place", "step")
    if len(agree) != len(states) or len(damaged) != len(dead):
        raise AgpError(f"{folder}: its facts do not cover its states; capture anew")
    return Positions(
        real["prompt_id"].to_numpy()[::k],
        scalars(real).reshape(-1, k, len(SCALARS)),
        agree,
        list(range(own, k)),
        {name: features(member, states) for name, member in read.items()},
        damaged["prompt_id"].to_numpy(),
        scalars(damaged),
        {name: features(member, dead) for name, member in read.items()},
        own,
    )


def traces(folder: Path, split: str) -> pl.DataFrame:
    """Return the rows of a split through the affine lens, or the logit lens where there is none.

    `place` is the prompt's in the capture.
    """
    found = pl.scan_parquet(folder / "traces.parquet").filter(pl.col("split") == split)
    lenses = found.select("lens").unique().collect()["lens"].to_list()
    rows = found.filter(pl.col("lens") == ("affine" if "affine" in lenses else "logit")).collect()
    places = rows.select("prompt_id").unique(maintain_order=True).with_row_index("place")
    return rows.join(places, on="prompt_id")


def split_states(
    folder: Path, facts: Mapping[str, Any], layer: int, split: str
) -> tuple[np.ndarray, np.ndarray]:
    """Return states [n x d] of a split at a layer, and damaged ones [m x d], in order of rows."""
    states, dead = [], []
    for note, planted in zip(facts["shards"], facts["planted_shards"], strict=True):
        inside = np.repeat(note["splits"], note["lengths"]) == split
        if not inside.any():
            continue
        h = read_shard(folder, note)[f"h.{layer}"].astype(mx.float32)
        states.append(np.array(h)[inside])
        copies = read_shard(folder, planted)
        row = np.array(copies["row"])
        here = np.flatnonzero((np.array(copies["layer"]) == layer) & inside[row])
        order = here[np.argsort(row[here], kind="stable")]
        dead.append(np.array(copies["h"].astype(mx.float32))[order])
    return np.concatenate(states), np.concatenate(dead)


def scalars(rows: pl.DataFrame) -> np.ndarray:
    """Return [r x s], NaN where a fact is missing; the wide ones as log(1 + x)."""
    columns = [
        pl.col(name).clip(lower_bound=0).log1p() if name in LOGGED else pl.col(name)
        for name in SCALARS
    ]
    return rows.select(columns).cast(pl.Float64).fill_null(np.nan).to_numpy()


def features(member: Semantic, states: np.ndarray) -> np.ndarray:
    """Return what a projection says of states [r x d]: logits, units on, their sum [r x l + 2]."""
    logits, z = member(mx.array(states))
    parts = [logits, (z > 0).sum(axis=1, keepdims=True), z.sum(axis=1, keepdims=True)]
    return np.array(mx.concatenate([p.astype(mx.float32) for p in parts], axis=1), np.float64)
