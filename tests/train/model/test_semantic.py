"""A semantic projection: few units on, each of a label, and for one model alone."""

import json
from dataclasses import replace
from pathlib import Path

import mlx.core as mx
import numpy as np
import pytest

from train.model.identity import Identity
from train.model.semantic import ABOUT, WEIGHTS, Members, Semantic, Shape, about, load_semantic
from train.model.semantic import weights as weights_of
from warehouse.errors import AgpError

SHAPE = Shape(width=8, labels=("echo", "shift", "dwell"), hidden=16, units=4, active=3)
OWNER = Identity("m1", None, "t1", (4,), 8, 8)


@pytest.fixture
def states() -> mx.array:
    return mx.array(np.random.default_rng(0).normal(size=(20, 8)), mx.float32)


def made(shape: Shape = SHAPE) -> Semantic:
    member = Members(shape, [0]).members[0]
    member.eval()
    return member


def test_few_units_are_on_and_a_label_hears_its_own_alone(states):
    member = made()
    logits, z = member(states)
    on = np.array(z) > 0
    assert on.sum(axis=1).max() <= 3 and on.any()
    member.evidence = mx.array(np.array([[1.0] * 4, [0.0] * 4, [0.0] * 4]))
    alone = np.array(member(states)[0])
    own = np.array(z)[:, :4].sum(axis=1)
    assert np.allclose(alone[:, 0], own, atol=1e-5) and not alone[:, 1:].any()
    assert logits.shape == (20, 3)


def test_a_threshold_leaves_whatever_is_above_it(states):
    z = np.array(made(replace(SHAPE, sparsity="threshold"))(states)[1])
    assert (z > 0).sum(axis=1).max() > 3


def test_it_begins_with_the_frequencies_and_takes_a_damaged_state(states):
    member = made()
    member.fit_prior(mx.array([0.5, 0.1, 0.0]))
    bias = np.array(member.bias)
    assert bias[0] == 0 and bias[2] < -9
    member.fit_scale(states)
    logits, _ = member(mx.array([[float("nan")] * 8, [1e30] * 8]))
    assert np.isfinite(np.array(logits)).all()


def write(folder: Path) -> Members:
    members = Members(SHAPE, [1, 2])
    mx.save_safetensors(str(folder / WEIGHTS), weights_of(members))
    document = about(SHAPE, OWNER, "last", ["1", "shuffled"])
    (folder / ABOUT).write_text(json.dumps(document))
    return members


def test_it_comes_back_as_it_was_and_refuses_another_model(tmp_path, states):
    members = write(tmp_path)
    found = load_semantic(tmp_path, OWNER)
    assert list(found) == ["1", "shuffled"]
    members.eval()
    for one, other in zip(members.members, found.values(), strict=True):
        assert np.array_equal(np.array(one(states)[0]), np.array(other(states)[0]))
    for change, word in (
        ({"model_digest": "m2"}, "backbone"),
        ({"adapter_digest": "a1"}, "adapter"),
        ({"layers": (5,)}, "layers"),
    ):
        with pytest.raises(AgpError, match=word):
            load_semantic(tmp_path, replace(OWNER, **change))


def test_what_is_no_projection_is_one_line(tmp_path):
    with pytest.raises(AgpError, match="train run 4"):
        load_semantic(tmp_path, None)
    write(tmp_path)
    (tmp_path / WEIGHTS).write_bytes(b"no")
    with pytest.raises(AgpError, match="cannot read"):
        load_semantic(tmp_path, None)
