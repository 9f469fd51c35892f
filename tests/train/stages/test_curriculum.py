"""The walk through the stages: it stops at a failed gate, goes past it when told, and goes on."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from train.harness.pack_build import build_pack
from train.stages import curriculum, runs
from train.stages.curriculum import walk
from train.stages.walk_plan import PARTS, Plan, Show
from warehouse.errors import AgpError

ALL = tuple(PARTS)


@pytest.fixture
def plan(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Plan:
    """Return a plan of stages 0 and 1 that takes seconds."""
    monkeypatch.setenv("AGP_HOME", str(tmp_path / "agp"))
    data = tmp_path / "data"
    data.mkdir()
    (data / "manifest.json").write_text("{}")
    for split in ("train", "valid", "heads", "test"):
        rows = [
            {
                "messages": [
                    {"role": "user", "content": f"Fix line {i} of {split}."},
                    {"role": "assistant", "content": f"Fixed {i}."},
                ],
                "loss": [False, True],
            }
            for i in range(4)
        ]
        (data / f"{split}.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows))
    build_pack(data, tmp_path / "pack", "mine", 10)
    changes = tuple((1, c) for c in ("max_steps=2", "rank=2", "accumulate=1", "batch_tokens=64"))
    return Plan("tiny", data, None, tmp_path / "pack", ALL, False, 3, 2, 1, changes)


def show(heard: list[Any]) -> Show:
    quiet: Any = lambda *_: None  # noqa: E731
    return Show(heard.append, quiet, quiet, quiet, heard.append)


def with_verdicts(monkeypatch: pytest.MonkeyPatch, word: str) -> None:
    monkeypatch.setattr(curriculum, "verdict", lambda gates: word)


def test_a_walk_goes_through_and_asks_nothing_twice(plan: Plan):
    heard: list[Any] = []
    done = walk(plan, show(heard), lambda: False)
    assert done["state"] == "finished" and list(done["steps"]) == ["0", "1"]
    assert done["steps"]["1"]["verdict"] == "too_few"
    assert "runs as stage 1 alone does" in done["whole"]["words"][0]
    again = walk(plan, show(heard), lambda: False)
    assert again["steps"] == done["steps"] and len(runs.all_runs()) == 2


@pytest.mark.slow
def test_a_failed_gate_stops_it_until_it_is_told_to_go_on(
    plan: Plan, monkeypatch: pytest.MonkeyPatch
):
    with_verdicts(monkeypatch, "failed")
    done = walk(plan, show([]), lambda: False)
    assert done["state"] == "failed" and list(done["steps"]) == ["0"]

    done = walk(replace(plan, go_on=True), show([]), lambda: False)
    assert done["state"] == "finished" and done["go_on"]


@pytest.mark.slow
def test_a_stop_within_a_run_is_gone_on_with(plan: Plan):
    heard: list[Any] = []
    done = walk(plan, show(heard), lambda: heard[-1:] == ["stage 1: training"])
    assert done["state"] == "stopped" and done["steps"]["1"]["state"] == "training"
    run = done["steps"]["1"]["run_id"]
    done = walk(plan, show([]), lambda: False)
    assert done["state"] == "finished" and done["steps"]["1"]["run_id"] == run


@pytest.mark.slow
def test_a_stop_is_heard_while_something_is_captured_or_measured(plan: Plan):
    assert walk(plan, show([]), lambda: True)["steps"] == {}
    heard: list[Any] = []
    done = walk(plan, show(heard), lambda: heard[-1:] != [] and ": measuring" in str(heard[-1]))
    assert done["state"] == "stopped" and done["steps"]["1"]["state"] == "training"
    done = walk(plan, show([]), lambda: False)
    assert done["state"] == "finished" and len(runs.all_runs()) == 2


def test_settings_of_stage_0_are_every_capture_s(plan: Plan):
    some = replace(plan, changes=((0, "layers=2,4"), (1, "rank=2"), (0, "window=64")))
    wanted = some.captured()
    assert (wanted.layers, wanted.window, wanted.length, wanted.most) == ((2, 4), 64, 2, 3)
    with pytest.raises(AgpError, match="layers, splits, length and window"):
        replace(plan, changes=((0, "rank=2"),)).captured()


def test_parts_that_cannot_be_left_out(plan: Plan):

    with pytest.raises(AgpError, match="no part adapter; there are routing"):
        walk(replace(plan, without=("adapter",)), show([]), lambda: False)
