"""Heads see what they may see, bear what they are given, and belong to one model."""

import json
from dataclasses import replace

import mlx.core as mx
import numpy as np
import pytest

from train.model.heads import (
    ABOUT,
    SCALARS,
    WEIGHTS,
    Heads,
    Look,
    Seeds,
    Shape,
    about,
    load_heads,
    weights,
)  # fmt: skip
from train.model.identity import Identity
from warehouse.errors import AgpError

K, D, R = 3, 8, 6
MINE = Identity("m1", None, "t1", (2, 4, 6), 8, D)


@pytest.fixture
def heads() -> Heads:
    mx.random.seed(0)
    made = Heads(Shape(K, D, hidden=16, projection=4))
    made.eval()
    return made


@pytest.fixture
def look() -> Look:
    mx.random.seed(1)
    s = len(SCALARS)
    same = (mx.random.uniform(shape=(R, K, K)) > 0.5).astype(mx.float32)
    layer = mx.array([0, 0, 1, 1, 2, 2])
    scalars = mx.random.uniform(shape=(R, K, s))
    return Look(mx.random.normal((R, D)), layer, mx.arange(R), scalars, same)


def said(heads: Heads, look: Look) -> np.ndarray:
    found = heads(look)
    return np.concatenate([np.array(v).reshape(R, -1) for v in found.values()], axis=1)


def test_outputs_have_their_shapes(heads: Heads, look: Look):
    found = {name: value.shape for name, value in heads(look).items()}
    assert found == {
        "route": (R, 4), "vitality": (R, 4), "earliest": (R, K + 1), "confidence": (R,)
    }  # fmt: skip


def test_a_layer_sees_itself_and_those_before_it_only(heads: Heads, look: Look):
    before = said(heads, look)
    later = replace(look, scalars=look.scalars.at[:, 2].add(5.0), same=look.same.at[:, 2].add(1.0))
    changed = (said(heads, later) != before).any(axis=1)
    assert changed.tolist() == [False] * 4 + [True] * 2
    earlier = replace(look, scalars=look.scalars.at[:, 0].add(0.5))
    assert (said(heads, earlier) != before).any(axis=1).all()


def test_rows_do_not_depend_on_their_batch(heads: Heads, look: Look):
    alone = replace(look, state=look.state[3:4], layer=look.layer[3:4], of=look.of[3:4])
    for name, value in heads(alone).items():
        assert np.allclose(np.array(value)[0], np.array(heads(look)[name])[3], atol=1e-6)


@pytest.mark.parametrize("bad", [float("nan"), float("inf"), -float("inf"), 1e30])
def test_what_is_no_number_becomes_no_nan(heads: Heads, look: Look, bad: float):
    for broken in (
        replace(look, state=mx.full((R, D), bad)),
        replace(look, scalars=mx.full(look.scalars.shape, bad)),
    ):
        assert np.isfinite(said(heads, broken)).all()


def test_heads_come_back_and_refuse_another_model(look: Look, tmp_path):
    made = Seeds(Shape(K, D, hidden=16, projection=4), [3, 4])
    made.eval()
    mx.save_safetensors(str(tmp_path / WEIGHTS), weights(made))
    document = about(made.members[0].shape, MINE, ["3", "4"])
    (tmp_path / ABOUT).write_text(json.dumps(document))
    back = load_heads(tmp_path, MINE)
    assert list(back) == ["3", "4"]
    assert np.array_equal(said(back["4"], look), said(made.members[1], look))
    assert not np.array_equal(said(back["3"], look), said(back["4"], look))
    for change, word in (
        ({"model_digest": "m2"}, "backbone m1, not to m2"),
        ({"adapter_digest": "a1"}, r"adapter none \(the base model\), not to a1"),
        ({"tokenizer_digest": "t2"}, "tokenizer t1"),
        ({"layers": (2, 4)}, "layers 2, 4, 6, not to 2, 4;"),
    ):
        with pytest.raises(AgpError, match=word) as refused:
            load_heads(tmp_path, replace(MINE, **change))
        assert "\n" not in refused.value.message
    (tmp_path / WEIGHTS).write_bytes(b"no weights")
    with pytest.raises(AgpError, match="cannot read"):
        load_heads(tmp_path, MINE)
    with pytest.raises(AgpError, match="holds no heads"):
        load_heads(tmp_path / "nowhere", MINE)
