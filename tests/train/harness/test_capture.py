"""Captures: the same bits as a plain forward, exact facts, whole shards or none."""

import mlx.core as mx
import numpy as np
import pytest

from train.harness.capture import Shape, candidates, capture_prompt, capture_shards, layers_of
from train.harness.continuation import continuation
from train.harness.layer_facts import distribution_facts, state_facts
from train.harness.lens import fit_lenses, through
from train.harness.packs import Message, Prompt
from train.harness.planted import plant_shards
from train.harness.shards import finished_shard, read_shard, shard_path
from train.harness.traces import write_traces
from train.model.gemma import Gemma
from warehouse.errors import AgpError


def prompt(i: int, split: str = "heads") -> Prompt:
    words = [Message(role="user", content=f"Say {i}."), Message(role="assistant", content="Yes.")]
    return Prompt(id=f"p{i}", messages=words, kind="chat", script="latin", split=split)


def test_a_continuation_is_what_full_depth_says(small_model):
    gemma, ids = Gemma(small_model), [3, 1, 4, 1, 5]
    said = continuation(gemma, ids, 6, set())
    for i, token in enumerate(said):
        logits = small_model(mx.array([ids + said[:i]]))[0, -1]
        assert int(np.array(mx.argmax(logits))) == token
    assert continuation(gemma, ids, 6, {said[2]})[-1] == said[2]


def test_captured_rows_decode_to_the_continuation(tiny):
    gemma, shape = Gemma(tiny[0]), Shape((2, 4, 6), length=5)
    rows = capture_prompt(gemma, tiny[1], prompt(1), shape)
    assert rows["h.4"].shape == (len(rows["token"]), gemma.config.hidden_size)
    logits = gemma.decode(rows["h.8"])
    assert np.array_equal(np.array(mx.argmax(logits, -1)), np.array(rows["token"]))
    assert np.array_equal(np.array(rows["top_ids"])[:, 0], np.array(rows["token"]))
    whole = np.array(mx.logsumexp(logits.astype(mx.float32), -1))
    assert np.allclose(np.array(rows["log_sum"]), whole)


def test_whole_shards_are_kept_and_damaged_ones_made_again(tiny, tmp_path, monkeypatch):
    monkeypatch.setattr("train.harness.capture.PROMPTS", 1)
    gemma, shape, some = Gemma(tiny[0]), Shape((4,), length=2), [prompt(1), prompt(2)]
    notes = capture_shards(gemma, tiny[1], some, shape, tmp_path)
    path, before = shard_path(tmp_path, 1), shard_path(tmp_path, 0).stat().st_mtime_ns
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(data)
    with pytest.raises(AgpError, match="damaged"):
        read_shard(tmp_path, notes[1])
    assert finished_shard(tmp_path, 1) is None
    assert capture_shards(gemma, tiny[1], some, shape, tmp_path) == notes
    assert shard_path(tmp_path, 0).stat().st_mtime_ns == before


def test_traces_hold_a_row_a_position_layer_and_lens(tiny, tmp_path):
    import pyarrow.parquet as pq

    gemma, layers = Gemma(tiny[0]), (2, 4, 6)
    some = [prompt(1), prompt(2, "valid")]
    notes = capture_shards(gemma, tiny[1], some, Shape(layers, length=3), tmp_path)
    planted = plant_shards(tmp_path, notes, layers)
    found = pq.read_table(write_traces(gemma, tmp_path, notes, planted, layers)).to_pylist()
    rows = [r for r in found if r["planted"] is None]
    assert len(rows) == sum(n["rows"] for n in notes) * (2 * len(layers) + 1)
    assert len(found) - len(rows) == 2 * sum(n["rows"] for n in planted)
    for row in rows:
        assert row["lens"] != "full" or (row["agree"] and abs(row["kl"]) < 1e-6)
        assert row["stays"] <= row["agree"] and row["kl"] > -1e-5
        assert (row["same_as_before"] is None) == (row["layer"] in (2, 8))
        assert (row["kl_before"] is None) == (row["layer"] in (2, 8))


def test_facts_of_a_distribution_against_numpy():
    dice = np.random.default_rng(0)
    lens, full = dice.normal(size=(5, 9)), dice.normal(size=(5, 9))
    token = np.arange(5)
    given = [mx.array(x, mx.float32) for x in (lens, full)]
    facts = distribution_facts(given[0], given[1], mx.array(token), given[1])
    p, q = (np.exp(x) / np.exp(x).sum(-1, keepdims=True) for x in (lens, full))
    assert np.allclose(facts["kl"], (q * np.log(q / p)).sum(-1), atol=1e-5)
    assert np.allclose(facts["kl_before"], (p * np.log(p / q)).sum(-1), atol=1e-5)
    assert np.allclose(facts["entropy"], -(p * np.log(p)).sum(-1), atol=1e-5)
    assert np.allclose(facts["cross_entropy"], -np.log(p[token, token]), atol=1e-5)
    ordered = np.sort(lens, -1)
    assert np.allclose(facts["margin"], ordered[:, -1] - ordered[:, -2], atol=1e-5)


def test_facts_of_a_state():
    one = mx.zeros((1, 8)).at[:, 3].add(5.0)
    facts = state_facts(one, 2 * one)
    assert facts["participation"].item() == pytest.approx(1 / 8)
    assert facts["cosine"].item() == pytest.approx(1.0)
    assert float(np.array(facts["massive"])[0]) > 1e6


def test_an_affine_lens_finds_an_affine_map():
    dice = np.random.default_rng(0)
    x = dice.normal(size=(400, 6))
    y = x @ dice.normal(size=(6, 6)) + 2
    rows = {"h.1": mx.array(x, mx.float32), "h.2": mx.array(y, mx.float32)}
    lens = fit_lenses([rows], [1], 2)[1]
    assert np.allclose(through(lens, rows["h.1"]), y, atol=0.05)


def test_layers_that_the_model_has(small_gemma4):
    gemma = Gemma(small_gemma4)
    assert candidates(gemma) == (1, 2, 3, 4, 5, 6, 7)
    assert layers_of(gemma, [6, 2, 2]) == (2, 6)
    with pytest.raises(AgpError, match="boundaries 1 to 7"):
        layers_of(gemma, [8])
