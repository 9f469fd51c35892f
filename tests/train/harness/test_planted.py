"""Damaged states: each kind as its recipe says, held-out kinds held out, facts that survive."""

from collections import Counter
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pyarrow.parquet as pq
import pytest

from train.harness.planted import EACH, HELD_OUT, KINDS, plant, plant_shards
from train.harness.shards import shard_path, write_shard
from train.harness.traces import write_traces
from train.model.gemma import Gemma

LAYERS = (2, 4)


def shard(seed: int = 0) -> tuple[dict[str, Any], dict[str, mx.array]]:
    """Return a note and rows of eight prompts, two a split, six positions each, [48 x 32]."""
    dice = np.random.default_rng(seed)
    splits = [s for s in ("heads", "valid", "calib", "test") for _ in range(2)]
    note = {"prompts": [f"p{i}" for i in range(8)], "splits": splits, "lengths": [6] * 8}
    rows = {f"h.{k}": mx.array(dice.normal(size=(48, 32)), mx.float32) for k in (*LAYERS, 8)}
    return note, rows | {n: mx.zeros(48, mx.int32) for n in ("token", "position")}


def test_every_prompt_has_damaged_states_and_held_out_kinds_stay_held_out():
    note, rows = shard()
    made = plant(note, rows, LAYERS)
    at, kinds = np.array(made["row"]), np.array(KINDS)[np.array(made["kind"])]
    assert len(at) == 8 * EACH * len(LAYERS)
    splits = np.repeat(note["splits"], 6)[at]
    seen = {split: set(kinds[splits == split]) for split in set(note["splits"])}
    assert not seen["heads"] & set(HELD_OUT) and not seen["valid"] & set(HELD_OUT)
    assert seen["calib"] | seen["test"] == set(KINDS)
    for split, names in seen.items():  # dealt in turn: eight a prompt
        assert len(names) >= 3 and max(Counter(kinds[splits == split]).values()) <= 8


def test_each_kind_is_what_its_recipe_says():
    note, rows = shard()
    made = plant(note, rows, LAYERS)
    splits = np.repeat(note["splits"], 6)
    for i, (at, layer, kind) in enumerate(
        zip(*(np.array(made[n]) for n in ("row", "layer", "kind")), strict=True)
    ):
        h, real = np.array(made["h"])[i], np.array(rows[f"h.{layer}"])
        name = KINDS[kind]
        if name in ("foreign", "stale"):
            [donor] = np.flatnonzero((real == h).all(-1))
            assert splits[donor] == splits[at]
            assert (donor // 6 == at // 6 and donor < at) == (name == "stale")
        elif name == "nan":
            assert np.isnan(h).sum() == 1
        elif name == "two_bit":
            assert len(np.unique(h)) <= 4 and np.abs(h - real[at]).max() < np.ptp(real[at]) / 5
        elif name == "noised":
            noise = h - real[at]
            assert np.sqrt(np.mean(noise**2)) == pytest.approx(
                np.sqrt(np.mean(real[at] ** 2)), rel=0.5
            )
        else:
            assert not h.any()


def test_the_same_shard_gives_the_same_copies_and_a_damaged_one_is_made_again(tmp_path: Path):
    note, rows = shard()
    written = write_shard(tmp_path, 0, rows, note | {"rows": 48})
    first = plant_shards(tmp_path, [written], LAYERS)
    path = shard_path(tmp_path, 0, "planted")
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    assert plant_shards(tmp_path, [written], LAYERS) == first
    other = write_shard(tmp_path, 0, shard(1)[1], note | {"rows": 48})
    assert plant_shards(tmp_path, [other], LAYERS) != first


def test_facts_that_are_not_finite_are_null_and_never_agree(small_gemma4, tmp_path: Path):
    note, rows = shard()
    written = write_shard(tmp_path, 0, rows, note | {"rows": 48})
    planted = plant_shards(tmp_path, [written], LAYERS)
    file = write_traces(Gemma(small_gemma4), tmp_path, [written], planted, LAYERS)
    found = [r for r in pq.read_table(file).to_pylist() if r["planted"]]
    assert {r["planted"] for r in found} == set(KINDS)
    for row in found:
        assert (row["kl"] is None) == (row["norm"] is None) == (row["planted"] == "nan")
        assert not row["stays"] and not (row["planted"] == "nan" and row["agree"])
        assert row["planted"] != "zeroed" or row["norm"] == 0
        assert (row["same_as_before"] is None) == (row["layer"] == LAYERS[0])
