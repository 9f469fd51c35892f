"""A plan is right: counts are those of loaded models, and the sum is near what a step takes."""

import json
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import pytest
from mlx.utils import tree_flatten

from train.hosts import dataset, machine, plan
from train.hosts.memory import Step, attached, estimate
from train.model.load import TINY
from train.model.skeleton import skeleton
from train.stages.batches import make
from train.stages.layerwise import Layerwise
from train.stages.losses import sft_loss
from train.stages.samples import Sample
from train.stages.stage import Request
from train.stages.stage1 import chosen_settings, start

E2B = "gemma-4-e2b-it-4bit"


def planned(*changes: str) -> plan.Plan:
    return plan.make(E2B, None, chosen_settings(changes), machine.mac(16))


def size(tree: Any) -> int:
    pairs: Any = tree_flatten(tree)
    return sum(w.size for _, w in pairs)


def test_e2b_in_four_bits():
    before = mx.get_active_memory()
    found = planned("blocks=all")
    assert sum(found.numbers.values()) == pytest.approx(4.63e9, rel=1e-3)
    assert found.numbers["per-layer embedding"] == pytest.approx(2.35e9, rel=1e-3)
    assert found.adapters == pytest.approx(13.1e6, rel=2e-3)
    stored = ("weights", "embedding", "per-layer embedding")
    assert sum(found.parts[p] for p in stored) == pytest.approx(2.6e9, rel=5e-3)
    assert mx.get_active_memory() - before < 1e6  # nothing of it was computed


@pytest.mark.parametrize("method", ["lora", "dora"])
def test_counts_are_those_of_the_loaded_model(home: Path, build: Path, method: str):
    changes = [f"method={method}", "max_steps=3"]
    _, stage = start(Request("tiny", build, changes=tuple(changes)))
    found = plan.make("tiny", build, chosen_settings(changes), machine.this_machine())
    adapted = size(stage.model.trainable_parameters())
    assert found.adapters == adapted
    assert sum(found.numbers.values()) == size(stage.model.parameters()) - adapted
    assert found.data.counts == stage.counts
    assert found.data.steps == stage.total_steps()


@pytest.mark.parametrize(
    "changes", [(), ("batching=rows",), ("checkpoint_gradients=true", "blocks=0")]
)
def test_the_sum_is_near_the_measured_peak(changes: tuple[str, ...]):
    chosen = chosen_settings(("accumulate=1", *changes))
    samples = [Sample([i % 64 for i in range(60)], list(range(1, 60, 3))) for _ in range(3)]
    model = skeleton(TINY, True)
    gemma = attached(model, chosen)
    expected = estimate(gemma, chosen, dataset.batch_shape(samples, chosen), False)
    gemma.call = Layerwise(chosen.checkpoint_gradients)
    mx.eval(model.parameters())
    step = nn.value_and_grad(model, lambda: sft_loss(gemma, make(samples, chosen.batching)))
    fixed = ("weights", "embedding", "per-layer embedding", "adapters", "optimizer")
    before = mx.get_active_memory()
    mx.reset_peak_memory()
    mx.eval(step())
    working = sum(v for k, v in expected.items() if k not in fixed)
    assert 0.7 < working / (mx.get_peak_memory() - before) < 1.4


def test_what_does_not_fit_says_what_would():
    large = ("batch_tokens=16384", "window=16384")
    found = planned(*large)
    assert not found.fits
    assert found.changes
    smaller = planned(*large, *found.changes)
    assert smaller.fits


def test_parts_grow_with_what_they_hold():
    gemma = attached(skeleton(TINY, True), chosen_settings())
    some = estimate(gemma, chosen_settings(), Step(1, 512, 60), False)
    more = estimate(gemma, chosen_settings(), Step(1, 512, 120), False)
    twice = chosen_settings(["checkpoint_gradients=true"])
    again = estimate(gemma, twice, Step(1, 512, 60), False)
    assert some["weights"] == more["weights"]
    assert some["logits"] * 2 == more["logits"]
    assert some["activations"] < more["activations"]
    assert again["activations"] < some["activations"]


def test_command(agp: Any, build: Path):
    facts = json.loads(agp("train", "plan", "1", "--data", build, "--json").stdout)
    assert facts["fits"]
    assert facts["rows"]["rows"] == 12
    said = agp("train", "plan", "1", "--model", E2B, "--mac", "16", "--data", build).output
    assert "4,628,569,379 parameters" in said
    assert "4 characters a token" in said
    assert "fits: " in said
    said = agp("train", "plan", "1", "--model", E2B, "--mac", "2").output
    assert "whatever is set" in said


def test_what_cannot_be_planned(agp: Any, tmp_path: Path):
    other = tmp_path / "other"
    other.mkdir()
    for text, message in {
        '{"model_type": "llama"}': "is a llama model",
        "{": "cannot read",
        "[]": "holds no settings",
        '{"model_type": "gemma4", "text_config": {"num_hidden_layers": "x"}}': "describes no model",
    }.items():
        (other / "config.json").write_text(text)
        assert message in agp("train", "plan", "1", "--model", other, exit_code=2).output
    assert (
        "no model at ./none" in agp("train", "plan", "1", "--model", "./none", exit_code=2).output
    )
    assert "give --data" in agp("train", "plan", "1", "--probe", exit_code=2).output
    assert "9 is not in the range" in agp("train", "plan", "9", exit_code=2).output


COMMANDS = {  # stage → what makes what it lacks in an empty home
    2: ["agp train capture --splits heads,valid,calib"],
    3: ["agp train capture --splits heads,valid"],
    4: ["agp lanes build semantic, then --data BUILD"],
    5: ["agp train capture --splits heads,valid"],
    6: ["agp train run 1 --data BUILD"]
    + [f"agp train run {part} --capture CAPTURE" for part in (2, 3, 5)],
}


@pytest.mark.parametrize("stage", sorted(COMMANDS))
def test_what_a_stage_lacks_is_named_with_its_command(agp: Any, stage: int):
    facts = json.loads(agp("train", "plan", str(stage), "--json", exit_code=1).stdout)
    assert [m["command"] for m in facts["missing"]] == COMMANDS[stage]
    assert facts["fits"] is None
    said = agp("train", "plan", str(stage), "--probe", exit_code=1).output
    assert "missing; make it with: agp" in said and "cannot begin" in said


def test_stage_0_needs_nothing(agp: Any):
    facts = json.loads(agp("train", "plan", "0", "--json").stdout)
    assert facts["fits"] and not facts["needs"] and facts["rows"]["calib"] > 150
    said = agp("train", "plan", "0", "--model", E2B, "--mac", "16").output
    assert "nothing; up to" in said and "fits" in said


@pytest.fixture
def captured(agp: Any) -> dict[str, Any]:
    few = ("--layers", "2,3,4,5", "--length", "4", "--most", "8", "--json")
    made = agp("train", "capture", "--splits", "heads,valid,calib", *few)
    return json.loads(made.stdout)


@pytest.mark.slow
@pytest.mark.parametrize("stage", [2, 3, 5])
def test_later_stages_are_counted_as_they_are_trained(
    agp: Any, captured: dict[str, Any], stage: int
):
    """The newest capture is found; numbers and steps are those of the run, bytes near its peak."""
    facts = json.loads(agp("train", "plan", str(stage), "--probe", "--json").stdout)
    [needed] = [n for n in facts["needs"] if n["what"].startswith("a capture")]
    assert needed["found"] == captured["capture_id"]
    run = agp("train", "run", str(stage), "--capture", captured["capture_id"], "--json")
    made = json.loads(run.stdout)
    assert facts["steps"] == made["total_steps"] == facts["probe"]["steps"]
    counted = facts["trainable"] / made["trainable"]
    assert 0.4 < counted < 1.6 if stage == 5 else counted == 1
    assert 0.3 < facts["total_bytes"] / facts["probe"]["peak_bytes"] < 5
    assert len(json.loads(agp("runs", "list", "--json").stdout)) == 1  # a probe leaves no run


@pytest.mark.slow
def test_probe(agp: Any, build: Path):
    arguments = ("train", "plan", "1", "--data", build, "--set", "max_steps=5")
    facts = json.loads(agp(*arguments, "--probe", "--json").stdout)
    found = facts["probe"]
    assert found["tokens_per_second"] > 0
    assert 0.5 < facts["total_bytes"] / found["peak_bytes"] < 2
    assert found["seconds"] > 5 * found["seconds_per_step"]
    (build / "valid.jsonl").write_text("")
    assert "is empty" in agp(*arguments, "--probe", exit_code=2).output
