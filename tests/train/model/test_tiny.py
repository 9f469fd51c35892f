"""The shipped tiny model is what its card says, loads in plain mlx_lm, and is small."""

import hashlib
import json
from typing import Any

import mlx.core as mx
import pytest
from mlx_lm.utils import load as mlx_lm_load

from train.model.load import TINY, load


def test_size_and_hash():
    assert sum(f.stat().st_size for f in TINY.iterdir()) < 3_000_000
    facts = json.loads((TINY / "build.json").read_text())
    weights = (TINY / "model.safetensors").read_bytes()
    assert hashlib.sha256(weights).hexdigest() == facts["sha256"]
    assert facts["sha256"] in (TINY / "README.md").read_text()
    assert facts["parameters"] < 1_000_000


def test_plain_mlx_lm_agrees():
    ours, tokenizer = load("tiny")
    plain = mlx_lm_load(str(TINY))[0]
    tokens = mx.array([tokenizer.encode("What is the capital of Mali?")])
    difference = mx.softmax(ours(tokens)) - mx.softmax(plain(tokens).astype(mx.float32))
    assert mx.abs(difference).max() < 0.05  # plain computes in the float16 it is stored in


def test_tokenizer_gives_text_back():
    tokenizer = load("tiny")[1]
    for text in ("def f(x):\n    return x + 10", "ߒߞߏ ߦߋ߫ ߛߓߍߛߎ߲", "naïve — 3,5 €", "日本"):
        assert tokenizer.decode(tokenizer.encode(text, add_special_tokens=False)) == text


def test_show(agp):
    facts = json.loads(agp("model", "show", "tiny", "--json").output)
    assert facts["layers"] == 8
    assert facts["shared keys and values"] == "4–7"
    assert "sliding window" in agp("model", "show", "tiny").output


def test_no_such_model(agp):
    assert "no model at ./nowhere" in agp("model", "show", "./nowhere", exit_code=2).output


@pytest.mark.slow
def test_rebuilding(agp, tmp_path):
    """The recipe, 60 of its 1,500 steps (all of them are about 40 minutes of one core).

    The same architecture, and the loss that was recorded there: 2.365, within 0.15.
    """
    out = tmp_path / "tiny"
    less = ("--steps", "60", "--documents", "2000", "--json")
    facts = json.loads(agp("model", "build-tiny", "--out", out, *less).stdout)
    configs = [json.loads((f / "config.json").read_text()) for f in (out, TINY)]
    assert configs[0] == configs[1]
    rebuilt: Any
    shipped: Any
    rebuilt, shipped = (mx.load(str(f / "model.safetensors")) for f in (out, TINY))
    assert {k: w.shape for k, w in rebuilt.items()} == {k: w.shape for k, w in shipped.items()}
    assert facts["parameters"] == json.loads((TINY / "build.json").read_text())["parameters"]
    assert abs(facts["loss"] - 2.365) < 0.15
