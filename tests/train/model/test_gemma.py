"""The wrapper equals mlx_lm bit for bit, whole or in parts, past the window of 8."""

from typing import Any

import mlx.core as mx
import pytest

from train.model.gemma import Gemma
from warehouse.errors import AgpError

TOKENS = mx.array([[(7 * i) % 64 for i in range(21)], [(5 * i + 3) % 64 for i in range(21)]])


def same(a: mx.array, b: mx.array) -> bool:
    return a.shape == b.shape and bool(mx.all(a == b))


def test_whole_run(small_model: Any):
    assert same(Gemma(small_model).logits(TOKENS), small_model(TOKENS))


def test_split_at_every_layer(small_model: Any):
    gemma = Gemma(small_model)
    whole = small_model(TOKENS)
    for k in range(gemma.n_layers + 1):
        below = gemma.run(gemma.start(TOKENS), k)
        kvs = {p: below.kvs[p] for p in gemma.producers(k) if p in below.kvs}
        above = gemma.resume(TOKENS, below.h, k, kvs if gemma.is_gemma4 else below.kvs)
        assert same(gemma.decode(gemma.run(above, gemma.n_layers).h), whole), k


def test_split_with_a_cache_past_the_window(small_model: Any):
    """Prefill, then single tokens, each cut at layer k: what is below k runs on another cache."""
    gemma = Gemma(small_model)
    for k in range(gemma.n_layers + 1):
        plain, low, high = gemma.make_cache(), gemma.make_cache(), gemma.make_cache()
        for part in (TOKENS[:, :13], *(TOKENS[:, i : i + 1] for i in range(13, 21))):
            below = gemma.run(gemma.start(part, low), k)
            above = gemma.resume(part, below.h, k, below.kvs, high)
            resumed = gemma.decode(gemma.run(above, gemma.n_layers).h)
            assert same(resumed, small_model(part, plain)), k


def test_prefill_and_generation(small_model: Any):
    gemma = Gemma(small_model)
    plain, ours = gemma.make_cache(), gemma.make_cache()
    part = TOKENS
    for _ in range(10):
        expected = small_model(part, plain)[:, -1]
        assert same(gemma.prefill(part, ours), expected)
        part = mx.argmax(expected, -1)[:, None]


def test_chosen_positions(small_model: Any):
    gemma = Gemma(small_model)
    positions = mx.array([[3, 20, 9], [0, 11, 12]])
    expected = mx.take_along_axis(small_model(TOKENS), positions[..., None], 1)
    assert mx.abs(gemma.decode(gemma.hidden_at(TOKENS, positions)) - expected).max() < 1e-5


def test_capture(small_model: Any):
    gemma = Gemma(small_model)
    every = list(range(gemma.n_layers + 1))
    whole, _ = gemma.capture(TOKENS, every)
    assert same(gemma.decode(whole[gemma.n_layers]), small_model(TOKENS))
    positions = mx.array([[3, 20], [0, 11]])
    chosen, _ = gemma.capture(TOKENS, every, positions=positions)
    for k in every:
        expected = mx.take_along_axis(whole[k], positions[..., None], 1)
        assert mx.abs(chosen[k] - expected).max() < 1e-5, k


def test_a_pack_equals_its_samples(small_model: Any):
    gemma = Gemma(small_model)
    pack = mx.concatenate([TOKENS[:1], TOKENS[1:]], 1)
    segments = mx.array([[0] * 21 + [1] * 21])
    packed = gemma.decode(gemma.hidden_at(pack, mx.arange(42)[None], segments=segments))
    alone = small_model(TOKENS).reshape(1, 42, -1)
    assert mx.abs(packed - alone).max() < 1e-5


def test_positions_may_not_be_dropped_below_the_tail(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    with pytest.raises(AgpError, match="from layer 4 on"):
        gemma.take(gemma.run(gemma.start(TOKENS), 3), mx.array([[0], [0]]))


def test_resuming_without_what_it_reads(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    below = gemma.run(gemma.start(TOKENS), 6)
    with pytest.raises(AgpError, match=r"layers \[2, 3\]"):
        gemma.resume(TOKENS, below.h, 6, {})
