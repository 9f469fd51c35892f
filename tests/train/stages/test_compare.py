"""Two captures side by side: what moved is said layer by layer, unlike ones are refused."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mlx_lm.utils import load_model, load_tokenizer, save

from train.harness.drift import linear_cka
from train.harness.kernel_cka import cka_interval
from train.harness.packs import Message, Prompt, write_pack
from train.model.gemma import Gemma
from train.model.load import TINY


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = []
    for i in range(8):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "valid")[i % 2]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="latin", split=split))
    write_pack(tmp_path / "pack", "sums", "a test", made)
    return tmp_path / "pack"


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Return the tiny model with its last layers a little louder."""
    import mlx.core as mx
    from mlx.utils import tree_map

    model, config = load_model(TINY)
    mx.random.seed(3)
    for layer in Gemma(model).layers[4:]:
        layer.update(tree_map(lambda p: p + 0.02 * mx.random.normal(p.shape), layer.parameters()))
    save(tmp_path / "other", TINY, model, load_tokenizer(TINY), config)
    return tmp_path / "other"


def capture(agp: Any, pack: Path, model: object = "tiny", layers: str = "2,6") -> str:
    args = ("--pack", pack, "--model", model, "--layers", layers, "--length", "6", "--json")
    return json.loads(agp("train", "capture", *args).stdout)["capture_id"]


@pytest.mark.slow
def test_what_changed_is_said_layer_by_layer(agp: Any, home: Path, pack: Path, other: Path):
    a, b = capture(agp, pack), capture(agp, pack, other)
    same = json.loads(agp("captures", "compare", a, a, "--json").stdout)
    assert same["prompts"] == 4 and same["shared"] == same["positions"]
    assert all(r["kl"]["value"] == 0 for r in same["facts"])
    assert all(r["cka"]["value"] == pytest.approx(1) for r in same["states"])
    found = json.loads(agp("captures", "compare", a, b, "--json").stdout)
    cka = {r["layer"]: r["cka"]["value"] for r in found["states"]}
    assert cka[2] == pytest.approx(1) and cka[8] < 1  # only the layers from 4 on were moved
    assert any(r["kl"]["value"] != 0 for r in found["facts"] if r["lens"] == "logit")
    assert 4 <= found["shared"] <= found["positions"]
    said = agp("captures", "compare", a, b).output
    assert "CKA of states" in said and "stand behind the same tokens" in said


def test_captures_that_are_unlike_are_refused(agp: Any, home: Path, pack: Path):
    a, b = capture(agp, pack), capture(agp, pack, layers="4")
    said = agp("captures", "compare", a, b, exit_code=2).stderr
    assert "different layers ([2, 6] and [4])" in said
    said = agp("captures", "compare", a, a, "--split", "test", exit_code=2).stderr
    assert "share no prompt of the test split" in said


def test_unrelated_states_have_no_cka_however_few_they_are():
    dice = np.random.default_rng(0)
    x, y = dice.normal(size=(48, 96)), dice.normal(size=(48, 96))
    assert linear_cka(x, y) > 0.4  # what makes the plain one useless here
    value, low, high = cka_interval(x, y, [str(i // 3) for i in range(48)])
    assert low < 0 < high and abs(value) < 0.1


def test_with_many_positions_it_is_the_plain_cka():
    dice = np.random.default_rng(0)
    x = dice.normal(size=(600, 5))
    y = x @ dice.normal(size=(5, 7)) + dice.normal(size=(600, 7))
    value, low, high = cka_interval(x, y, [str(i // 3) for i in range(600)])
    assert low < linear_cka(x, y) < high and value == pytest.approx(linear_cka(x, y), abs=0.01)
    turned = np.linalg.qr(dice.normal(size=(7, 7)))[0]
    assert cka_interval(x, 3 * y @ turned + 1, [str(i // 3) for i in range(600)])[
        0
    ] == pytest.approx(value)


def test_too_few_positions_have_none():
    x = np.eye(3)
    assert np.isnan(cka_interval(x, x, ["a", "b", "c"])).all()
