"""Stage 4 as a person meets it: a projection from a build, its table, and whether it is of use."""

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from click.testing import CliRunner

from agp.cli import main
from train.harness.packs import Message, Prompt, write_pack
from train.model.identity import Identity
from train.stages import evaluate_semantic, loop, runs, stage4, text_states, training
from train.stages.critical import on_critical_path
from train.stages.semantic_use import usable
from train.stages.stage import Request
from warehouse.errors import AgpError

SPLITS = {"train": 40, "heads": 16, "valid": 16, "test": 24}
SMALL = ("seeds=2", "hidden=16", "units=4", "active=3", "rows=16", "epochs=6", "evaluate_every=3")
WORDS = ("river stone", "candle oil")  # what the first and the second label are about


def call(*args: Any, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, [str(a) for a in args])
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return result


def row(split: str, i: int) -> dict[str, Any]:
    """Return a row whose words tell its labels, except that copies are what they copy."""
    kind, name = i % 3, f"{split}{i}"
    about = WORDS[kind] if kind < 2 else "empty paper"
    return {
        "exchange_id": name,
        "text": f"Show the {about} number {i} and write it down.",
        "before": [f"Show the {WORDS[i % 2]}."] if i % 4 == 0 else [],
        "primitives": {"echo": 0.9 if kind == 0 else 0.02, "shift": None},
        "invariants": {"time": 0.8 if kind == 1 else 0.02},
        "voted": ["echo", "time"],
        "bundles": [WORDS[kind]] if kind < 2 else [],
        "neighbours": [f"{split}{i + 3}"] if i + 3 < SPLITS[split] else [],
        "weight": 1.0,
    }


def build(folder: Path) -> Path:
    """Write a build of the semantic lane that has more copies of its first rows."""
    folder.mkdir()
    for split, n in SPLITS.items():
        rows = [row(split, i) for i in range(n)]
        rows += rows[:3] if split == "train" else []
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "manifest.json").write_text(json.dumps({"build_id": "b1"}))
    return folder


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stage4")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("AGP_HOME", str(folder / ".agp"))
        build(folder / "labelled")
        yield folder


def trained(home: Path, *changes: str) -> tuple[Path, stage4.Stage4]:
    request = Request(data=home / "labelled", changes=(*SMALL, *changes))
    run, stage = stage4.start(request)
    training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
    return run, stage


@pytest.fixture(scope="module")
def run(home: Path) -> Path:
    return trained(home)[0]


def test_a_run_learns_from_rows_and_copies_without_the_backbone(home: Path, monkeypatch):
    stage4.start(Request(data=home / "labelled", changes=SMALL))

    def never(*_: Any) -> None:
        raise AssertionError("the states were captured already")

    monkeypatch.setattr(text_states, "load", never)
    sets = [word for change in SMALL for word in ("--set", change)]
    made = json.loads(call("train", "run", 4, "--data", home / "labelled", *sets, "--json").stdout)
    folder = runs.find_run(made["run_id"])
    losses = [m["valid_loss"] for m in runs.metrics(folder) if "valid_loss" in m]
    assert losses[-1] < losses[0]
    assert made["rows"] == {"learned": 56, "repeated": 59, "valid": 16}
    assert made["learned_from"] == ["train", "heads"] and made["critical"] is False


def test_an_adapter_has_seen_train_so_heads_alone_is_learned_from():
    chosen = stage4.settings(stage4.FILE, (), stage4.SemanticSettings)
    assert chosen.splits(adapted=True) == ("heads",)
    assert chosen.splits(adapted=False) == ("train", "heads")


@pytest.mark.slow
def test_a_stopped_run_goes_on_as_if_it_had_not_been(home: Path):
    whole, _ = trained(home, "max_steps=6", "bundle=0.1", "l1=0.1", "neighbours=0.1")
    cut, stage = stage4.start(
        Request(
            data=home / "labelled",
            changes=(*SMALL, "max_steps=6", "bundle=0.1", "l1=0.1", "neighbours=0.1"),
        )
    )
    steps: list[int] = []

    def watch(line: dict[str, Any], total: int) -> None:
        steps.append(line["step"])

    assert training.train(cut, stage, loop.Progress(), watch, lambda: steps[-1] >= 3) == "stopped"
    again, progress = training.resume(cut, "last")
    assert progress.step == 3
    training.train(cut, again, progress, lambda line, total: None, lambda: False)
    for name in ("semantic.safetensors", "optimizer.safetensors"):
        one, two = (mx.load(str(r / "last" / name)) for r in (whole, cut))
        assert isinstance(one, dict) and isinstance(two, dict)
        assert all(np.array_equal(np.array(one[k]), np.array(two[k])) for k in one)


@pytest.mark.slow
def test_too_few_texts_are_said_to_be_too_few(run: Path):
    said = call("eval", run.name).output
    assert "No label holds in 30 texts" in said and "Off the critical path" in said
    assert "opened 1 × for this run" in said
    [file] = (run / "evaluations").glob("*-test.json")
    document = runs.read_json(file)
    assert {g["verdict"] for g in document["gates"]} == {"too_few"} and document["labels"] == []
    assert not on_critical_path(run)
    assert json.loads(call("runs", "show", run.name, "--json").stdout)["critical"] is False


@pytest.mark.slow
def test_where_labels_are_frequent_the_table_is_whole_and_the_control_passes_nothing(
    run: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr("train.eval.stage4.POSITIVES", 8)
    document = json.loads(call("eval", run.name, "--split", "valid", "--json").stdout)
    assert document["openings"] is None and document["labels"] == []
    document = json.loads(call("eval", run.name, "--json").stdout)
    assert document["labels"] == ["echo", "time"]
    found = {m["name"]: m for m in document["measures"]}
    for kind in ("macro_ap", "macro_ap.masked", "micro_ap", "micro_ap.masked"):
        assert {f"{kind}.{m}" for m in ("semantic", "prior", "labelers", "bag_of_words")} < set(
            found
        )
    prior, bag = (found[f"macro_ap.{m}"]["value"] for m in ("prior", "bag_of_words"))
    assert prior == pytest.approx(1 / 3, abs=0.01) and bag > 0.9
    assert found["active"]["value"] <= 3 / 12 + 1e-9
    assert found["stability.far"]["value"] > 0 and "agreement" in found
    assert found["controls"]["value"] == 0
    rows = document["tables"][0]["rows"]
    assert [r[0] for r in rows][:2] == ["projection", "prior"] and len(rows[0]) == 5


@pytest.fixture(scope="module")
def captured(home: Path) -> Path:
    prompts = []
    for i in range(24):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = ("heads", "valid", "test")[i % 3]
        prompts.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="x", split=split))
    write_pack(home / "pack", "sums", "a test", prompts)
    args = ("--layers", "2,4,6", "--length", "4", "--splits", "heads,valid,test", "--json")
    return Path(json.loads(call("train", "capture", "--pack", home / "pack", *args).stdout)["path"])


@pytest.mark.slow
def test_use_is_measured_on_a_capture_and_stamps_the_run(home: Path, run: Path, captured: Path):
    begun = Request(data=home / "labelled", captures=(captured,), changes=SMALL)
    named = runs.read_json(stage4.start(begun)[0] / "run.json")["use_capture"]
    assert Path(named) == captured
    document = json.loads(call("eval", run.name, "--capture", captured, "--json").stdout)
    found = {m["name"]: m for m in document["measures"]}
    assert found["route.without"]["n"] == 8 and 0 <= found["route.semantic"]["value"] <= 0.5
    assert 0 <= found["dead.semantic"]["value"] <= 1
    use = next(g for g in document["gates"] if g["name"] == "use")
    assert use["verdict"] == "too_few" and use["n"] == 8
    assert not on_critical_path(run) and document["capture_id"]
    identity = Identity.of(runs.read_json(run / "best" / "semantic.json")["identity"])
    with pytest.raises(AgpError, match=r"reads layer 3.*--layers"):
        usable(captured, "it", replace(identity, layers=(3,)), "test")
    with pytest.raises(AgpError, match="no prompt of calib"):
        usable(captured, "it", identity, "calib")
    with pytest.raises(AgpError, match="belongs to adapter"):
        usable(captured, "it", replace(identity, adapter_digest="a"), "test")


@pytest.mark.slow
def test_a_projection_marks_captured_states_and_vitality_listens(run: Path, captured: Path):
    """Off the critical path it is asked for twice; other labels stand beside the old ones."""
    refused = call("captures", "mark", captured.name, "--run", run.name, exit_code=2)
    assert "off the critical path" in refused.stderr and "--anyway" in refused.stderr
    before = json.loads(call("labels", "oracle", captured.name, "--json").stdout)
    words = ("captures", "mark", captured.name, "--run", run.name, "--anyway", "--json")
    states = json.loads(call(*words).stdout)["states"]
    layer = runs.read_json(run / "best" / "semantic.json")["identity"]["layers"][0]
    query = (
        "select layer, planted is null as real, count(semantic) as n, min(semantic) as low, "
        "max(semantic) as high from trace_layers where lens = 'affine' group by all having n > 0"
    )
    rows = json.loads(call("sql", "--json", query).stdout)
    assert {r["layer"] for r in rows} == {layer} and {r["real"] for r in rows} == {True, False}
    assert sum(r["n"] for r in rows) == states
    assert all(0 < r["low"] < r["high"] < 1 for r in rows if r["real"])
    after = json.loads(call("labels", "oracle", captured.name, "--json").stdout)
    assert after["label_version"] != before["label_version"]
    assert json.loads(call(*words).stdout)["states"] == states
    again = json.loads(call("labels", "oracle", captured.name, "--json").stdout)
    assert again["label_version"] == after["label_version"]


def test_what_cannot_be_trained_or_measured_is_one_line(home: Path, run: Path):
    assert "agp lanes build semantic" in call("train", "run", 4, exit_code=2).stderr
    data = ("--data", home / "labelled")
    for change, said in (
        ("layer=9", "boundaries 1 to 8"),
        ("seeds=0", "setting seeds"),
        ("pool=first", "setting pool"),
    ):
        stderr = call("train", "run", 4, *data, "--set", change, exit_code=2).stderr
        assert said in stderr and stderr.count("\n") == 1
    assert "one run of stage 1" in call("train", "run", 4, *data, "--on", run, exit_code=2).stderr
    facts = runs.read_json(run / "run.json")
    with pytest.raises(AgpError, match="dataset"):
        stage4.again(facts | {"data_digests": {}})
    with pytest.raises(AgpError, match="paraphrases"):
        stage4.again(facts | {"paraphrases_digest": "0"})
    without = facts | {"data_digests": {"train.jsonl": "0"}}
    with pytest.raises(AgpError, match=r"no test\.jsonl"):
        evaluate_semantic.pack_digest(without)
