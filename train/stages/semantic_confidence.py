"""What a semantic projection makes of captured states: `trace_layers.semantic`, and whose it is.

Confidence of a state is the largest probability that the projection gives any of its labels, the
mean over the run's seeds. Vitality counts it as a sign of life: a state that the projection can
name nothing in, beside its layer's training side, is strained.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import mlx.core as mx
import numpy as np
import polars as pl

from train.harness.capture import read_manifest
from train.model.identity import Identity, refuse_foreign
from train.model.semantic import ABOUT, WEIGHTS, Semantic, load_semantic
from train.stages import critical, runs, semantic_use
from train.stages.stage4 import CONTROL
from warehouse.errors import AgpError
from warehouse.statements import statement
from warehouse.store import open_writer

WAIT = 30.0  # seconds for another writer to finish


def mark(folder: Path, run: Path, anyway: bool = False) -> int:
    """Write what a stage-4 run makes of a capture into the warehouse; return the states marked.

    Route and vitality labels made before stay as they are, under their own version; new ones take
    the confidence in. AgpError where the run belongs to another model or layer, or where it was
    not shown to be of use, unless `anyway`.
    """
    if not anyway and (why := critical.left_out([run]).get(run)):
        raise AgpError(f"run {run.name} is off the critical path ({why}); --anyway takes it")
    facts = read_manifest(folder)
    members = load_semantic(run / "best", None)
    trained = Identity.of(runs.read_json(run / "best" / ABOUT)["identity"])
    given = replace(Identity.of(facts), layers=trained.layers)
    refuse_foreign(f"run {run.name}", trained, given)
    [layer] = trained.layers
    if layer not in facts["layers"]:
        raise AgpError(f"run {run.name} reads layer {layer}, which {folder.name} does not hold")
    seeds = [member for name, member in members.items() if name != CONTROL]
    splits = sorted({split for note in facts["shards"] for split in note["splits"]})
    found = pl.concat([marked(folder, facts, layer, split, seeds) for split in splits])
    sha = hashlib.sha256((run / "best" / WEIGHTS).read_bytes()).hexdigest()
    with open_writer(wait=WAIT) as con:
        write(con, facts["capture_id"], runs.summary(run)["run_id"], sha, found)
    return len(found)


def marked(
    folder: Path, facts: Mapping[str, Any], layer: int, split: str, seeds: list[Semantic]
) -> pl.DataFrame:
    """Return prompt_id, step, layer, planted, semantic of a split's states at a layer."""
    rows = semantic_use.traces(folder, split).filter(pl.col("layer") == layer)
    real = rows.filter(pl.col("planted").is_null()).sort("place", "step")
    damaged = rows.filter(pl.col("planted").is_not_null()).sort("place", "step")
    states, dead = semantic_use.split_states(folder, facts, layer, split)
    if len(real) != len(states) or len(damaged) != len(dead):
        raise AgpError(f"{folder}: its facts do not cover its states; capture anew")
    keys = pl.concat([real, damaged]).select("prompt_id", "step", "layer", "planted")
    sure = np.concatenate([confidence(seeds, states), confidence(seeds, dead)])
    return keys.with_columns(pl.Series("semantic", sure, dtype=pl.Float32))


def confidence(seeds: list[Semantic], states: np.ndarray) -> np.ndarray:
    """Return [r]: of each state [r x d] the largest probability of a label, mean over seeds."""
    each = [mx.sigmoid(member(mx.array(states))[0]).max(axis=-1) for member in seeds]
    return np.array(mx.stack(each).mean(axis=0))


def write(
    con: duckdb.DuckDBPyConnection, capture: str, run: str, sha: str, found: pl.DataFrame
) -> None:
    """Put the confidences of one capture in the place of any before, in one transaction."""
    con.register("found", found.to_arrow())
    con.execute("begin")
    con.execute(statement("train.stages", "semantic_confidence.sql"), {"capture": capture})
    con.execute("insert or replace into semantic_marks values (?, ?, ?)", [capture, run, sha])
    con.execute("commit")
    con.unregister("found")
