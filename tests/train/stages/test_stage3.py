"""Stage 3 as a person meets it: trained on a capture, resumed exactly, measured, generated with."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from train.eval.gates import load_gates
from train.eval.stage1 import rule
from train.eval.stage3 import GATES, Seen, Told, measures
from train.harness.packs import Message, Prompt, write_pack
from train.stages import loop, stage3, training
from train.stages.runs import find_capture
from train.stages.stage import Request

FEW = ("--set", "max_steps=4", "--set", "seeds=2", "--set", "positions=16")


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    made = []
    for i in range(8):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "heads", "valid", "test")[i % 4]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="latin", split=split))
    write_pack(tmp_path / "pack", "sums", "a test", made)
    return tmp_path / "pack"


@pytest.fixture
def capture(agp: Any, pack: Path) -> str:
    args = ("train", "capture", "--pack", pack, "--layers", "2,3,4,5", "--length", "8")
    return json.loads(agp(*args, "--splits", "heads,valid", "--json").stdout)["capture_id"]


@pytest.mark.slow
def test_trained_measured_and_generated_with(
    agp: Any, home: Path, pack: Path, capture: str, rows: Any
):
    start = ("train", "run", "3", "--capture", capture, *FEW, "--json")
    whole = json.loads(agp(*start).stdout)
    assert whole["state"] == "finished" and whole["exits"] == [3, 4, 5]
    found = json.loads(
        agp("eval", whole["run_id"], "--pack", pack, "--answers", "1", "--json").stdout
    )
    values = {m["name"]: m["value"] for m in found["measures"]}
    assert values["bit_identical"] == 1 and found["openings"]["of_run"] == 1
    assert {"kl.3.logit lens", "kl.4.layers dropped", "kl.random router"} <= set(values)
    verdicts = {g["name"]: g["verdict"] for g in found["gates"]}
    assert verdicts == {"kl_ratio": "too_few", "bit_identical": "passed", "control": "too_few"}
    assert rows("select count(*) from v_gates where stage = 3") == [(3,)]
    said = agp("eval", whole["run_id"], "--pack", pack, "--split", "valid", "--answers", "1").output
    assert "learned affine" in said and "every token leaves before layer 4" in said
    ask = ("generate", "--prompt", "What is 2 + 2?", "--max-tokens", "3", "--run", whole["run_id"])
    assert json.loads(agp(*ask, "--policy", "fixed:4", "--json").stdout)["layers"] == 4
    assert "before layer 6" in agp(*ask, "--policy", "fixed:6", exit_code=2).stderr
    assert "one layer alone" in agp(*ask, "--policy", "draft:4", exit_code=2).stderr

    other = json.loads(agp(*start, "--set", "rank=2").stdout)
    agp("eval", other["run_id"], "--pack", pack, "--split", "valid", "--answers", "1")
    beside = json.loads(agp("runs", "compare", whole["run_id"], other["run_id"], "--json").stdout)
    assert beside["facts"] == [["rank", 0, 2]]
    [one] = beside["evaluations"]
    assert (one["split"], one["paired"]["of"], one["paired"]["n"]) == ("valid", "kl", 2)
    shown = agp("runs", "compare", whole["run_id"], other["run_id"]).output
    assert "paired by prompt" in shown and "told differently" in shown
    assert (
        "give two" in agp("runs", "compare", whole["run_id"], whole["run_id"], exit_code=2).stderr
    )


@pytest.mark.slow
def test_what_cannot_be_trained_is_one_line(agp: Any, capture: str):
    for change, said in (
        ("exits=6", "--layers 2,3,4,5,6` captures them"),
        ("exits=half", "say thirds"),
        ("seeds=0", "setting seeds"),
    ):
        result = agp("train", "run", "3", "--capture", capture, "--set", change, exit_code=2)
        assert said in result.stderr and result.stderr.count("\n") == 1
    assert "needs one capture" in agp("train", "run", "3", exit_code=2).stderr


def test_a_stopped_run_goes_on_as_if_it_had_not_been(home: Path, capture: str):
    request = Request(
        captures=(find_capture(capture),), changes=("max_steps=4", "positions=16", "similarity=0.5")
    )
    whole, stage = stage3.start(request)
    training.train(whole, stage, loop.Progress(), lambda line, total: None, lambda: False)
    cut, stage = stage3.start(request)
    steps: list[int] = []

    def watch(line: dict[str, Any], total: int) -> None:
        steps.append(line["step"])

    assert training.train(cut, stage, loop.Progress(), watch, lambda: steps[-1] >= 2) == "stopped"
    again, progress = training.resume(cut, "last")
    training.train(cut, again, progress, lambda line, total: None, lambda: False)
    for name in ("depth.safetensors", "optimizer.safetensors"):
        one, two = (mx.load(str(r / "last" / name)) for r in (whole, cut))
        assert isinstance(one, dict) and isinstance(two, dict)
        assert all(np.array_equal(np.array(one[k]), np.array(two[k])) for k in one)


def seen(kl: dict[str, float], i: int) -> Seen:
    """Return a prompt where each way diverges by so much at layer 4."""
    told = {
        (k, way): Told(value * (1 + 0.01 * (i % 5)), 1.0, 1.0)
        for k in (3, 4)
        for way, value in kl.items()
    }
    return Seen(f"p{i}", f"p{i}", 2, told, True)


@pytest.mark.parametrize(
    "seed, shuffled, verdicts",
    [
        (0.5, 3.0, ["passed", "passed", "passed"]),
        (0.9, 3.0, ["failed", "passed", "passed"]),
        (0.5, 0.7, ["passed", "passed", "failed"]),
    ],
)
def test_gates_and_the_control(seed: float, shuffled: float, verdicts: list[str]):
    ways = {"0": seed, "shuffled": shuffled, "affine lens": 1.0}
    ways |= {"learned affine": 0.6, "extra block": 0.7}
    found = measures([seen(ways, i) for i in range(80)], [3, 4], 8, ["0"], 4)
    assert [r.verdict for r in rule(load_gates(GATES).gates, found)] == verdicts
    router = next(m for m in found if m.name == "kl.random router")
    assert router.estimate.value == pytest.approx(0.8 * seed * 1.02 / 2)
