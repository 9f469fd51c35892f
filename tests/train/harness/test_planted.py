"""Damaged states: each kind as its recipe says, held-out kinds held out, facts that survive."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pyarrow.parquet as pq
import pytest

from train.harness.dead_states import HELD_OUT, JUDGED, KINDS, TAUGHT, WAYS
from train.harness.planted import EACH, TAUGHT_EACH, plant, plant_shards
from train.harness.shards import shard_path, write_shard
from train.harness.traces import write_traces
from train.model.gemma import Gemma

LAYERS = (2, 4)
JUDGING = ("calib", "test")


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
    splits = np.repeat(note["splits"], 6)[at]
    each = Counter(splits.tolist())
    assert each == {s: 2 * len(LAYERS) * (EACH if s in JUDGING else 6) for s in set(splits)}
    seen = {split: set(kinds[splits == split]) for split in set(note["splits"])}
    for split in JUDGING:
        assert not seen[split] & set(TAUGHT)
    for split in ("heads", "valid"):
        assert not seen[split] & set(HELD_OUT) and len(seen[split]) >= 9
    assert seen["calib"] | seen["test"] == set(JUDGED)
    for split, names in seen.items():  # dealt in turn: eight a prompt
        assert len(names) >= 3 and max(Counter(kinds[splits == split]).values()) <= 8


def test_calibration_and_test_are_judged_by_the_same_copies_whatever_is_taught():
    note, rows = shard()
    made = plant(note, rows, LAYERS)
    judged = np.isin(np.repeat(note["splits"], 6)[np.array(made["row"])], JUDGING)
    chosen = [np.array(made[name])[judged] for name in ("row", "layer", "kind")]
    digest = hashlib.sha256(np.stack(chosen).astype(np.int32).tobytes()).hexdigest()[:16]
    assert digest == "a4f4623ada04796e"  # of the recipe planted-1, before further kinds were taught


def test_a_state_alone_is_damaged_without_another(tmp_path: Path):
    note = {"prompts": ["p"], "splits": ["heads"], "lengths": [1]}
    rows = {k: v[:1] for k, v in shard()[1].items()}
    made = plant(note, rows, (2,))
    names = {KINDS[k] for k in np.array(made["kind"])}
    assert len(made["row"]) == 1 and not names & {"foreign", "mixed", "other_layer", *HELD_OUT}


def test_every_kind_has_its_way_and_no_more_positions_are_damaged_than_there_are():
    assert set(WAYS) == set(KINDS) and TAUGHT_EACH >= EACH


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
        elif name == "zeroed":
            assert not h.any()
        else:
            taught(name, h, real[at], [np.array(rows[f"h.{k}"])[at] for k in LAYERS])


def taught(name: str, h: np.ndarray, real: np.ndarray, layers: list[np.ndarray]):
    ratio = np.linalg.norm(h) / np.linalg.norm(real)
    cosine = h @ real / np.linalg.norm(h) / np.linalg.norm(real)
    if name == "scaled":
        assert cosine == pytest.approx(1, abs=1e-5) and (1.19 < ratio < 4.01 or 0.24 < ratio < 0.84)
    elif name == "rotated":
        assert ratio == pytest.approx(1, abs=1e-4) and -1e-3 < cosine < 0.87
    elif name == "gaps":
        assert (h == 0).any() and np.isin(h, [0, *real]).all()
    elif name == "shuffled":
        assert sorted(h) == sorted(real) and not np.array_equal(h, real)
    elif name == "clipped":
        assert np.abs(h).max() < np.abs(real).max() and cosine > 0.5
    elif name == "other_layer":
        assert any(np.array_equal(h, other) for other in layers) and not np.array_equal(h, real)
    else:  # unsteady, mixed, narrow
        assert np.isfinite(h).all() and cosine < 0.999


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
