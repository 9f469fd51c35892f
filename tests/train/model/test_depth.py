"""Depth routing around a model: nothing at first, nothing when off, gone when removed."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.harness.dropped import before_layers, droppable, without
from train.harness.policies import Always
from train.model import depth_set
from train.model.depth import DepthRouting, Place, inserted
from train.model.depth_rivals import ExtraBlock, LearnedAffine
from train.model.gemma import Gemma
from train.model.identity import Identity
from train.model.routed import Routed
from warehouse.errors import AgpError

TOKENS = mx.array([[(7 * i) % 64 for i in range(21)]])
PLACE = Place(4, (2, 3), 32)


def same(a: mx.array, b: mx.array) -> bool:
    return bool(mx.all(a == b))


def changed() -> DepthRouting:
    """Return a module that does something."""
    module = DepthRouting(PLACE, 0, mx.random.key(1))
    module.up = mx.random.normal(module.up.shape, key=mx.random.key(2))
    module.mix = mx.ones_like(module.mix)
    return module


def test_everything_begins_as_the_identity():
    h = {k: mx.random.normal((5, 32), key=mx.random.key(k)) for k in (2, 3, 4)}
    for made in (
        DepthRouting(PLACE, 0, mx.random.key(0)),
        LearnedAffine(PLACE),
        ExtraBlock(PLACE, mx.random.key(0)),
    ):
        assert same(made(h), h[4])
        assert made.work <= PLACE.affine_work + 4 * PLACE.width


def test_off_is_the_model_bit_for_bit_and_removed_it_is_gone(small_model: Any):
    gemma, module = Gemma(small_model), changed()
    plain, call = small_model(TOKENS), gemma.call
    with inserted(gemma, module) as insertion:
        assert not same(gemma.logits(TOKENS), plain)
        insertion.on = False
        assert same(gemma.logits(TOKENS), plain)
    assert gemma.call is call and same(gemma.logits(TOKENS), plain)


def test_inserted_and_at_an_exit_say_the_same(small_gemma4: Any):
    gemma, module = Gemma(small_gemma4), changed()
    with inserted(gemma, module):
        h = gemma.run(gemma.start(TOKENS), 4).h
    routed, cache = Routed(gemma, Always((4,)), {4: module}), gemma.make_cache()
    routed.prefill(TOKENS[:, :-1], cache)
    found = routed(TOKENS[:, -1:], cache)
    assert mx.abs(found - gemma.decode(h)[:, -1:]).max() < 1e-4
    assert routed.steps[0].work == routed.costs.between(0, 4) + routed.costs.head + module.work


def test_a_set_comes_back_as_it_was_written(tmp_path: Path):
    shape = depth_set.Shape((PLACE, Place(5, (), 32)), (0, 1), 3)
    identity = Identity("m", None, "t", (2, 3, 4, 5), 8, 32)
    made = depth_set.DepthSet(shape)
    mx.save_safetensors(str(tmp_path / depth_set.WEIGHTS), depth_set.weights(made))
    document = depth_set.about(shape, identity)
    (tmp_path / depth_set.ABOUT).write_text(json.dumps(document))
    found, of = depth_set.load_depth(tmp_path)
    assert (found.shape, of) == (shape, identity)
    assert same(found.member("1")[0].down, made.member("1")[0].down)
    assert not same(found.member("0")[0].down, found.member("1")[0].down)
    document["shape"]["rank"] = 4
    (tmp_path / depth_set.ABOUT).write_text(json.dumps(document))
    with pytest.raises(AgpError, match="no whole depth module"):
        depth_set.load_depth(tmp_path)


def test_layers_that_others_read_are_not_dropped(small_gemma4: Any):
    gemma = Gemma(small_gemma4)  # 2 and 3 are read by 4 to 7
    assert list(droppable(gemma, 2)) == [range(0, 2), range(4, 6), range(5, 7), range(6, 8)]
    assert list(droppable(gemma, 6)) == [range(2, 8)]
    h = without(gemma, before_layers(gemma, TOKENS), range(4, 8))
    assert same(h, gemma.run(gemma.start(TOKENS), 4).h)
