"""Stage 1 as a person meets it: train, stop, resume, load the adapter, go wrong in every way."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from mlx_lm.utils import load as mlx_lm_load

from train.model.digest import file_sha256
from train.model.load import TINY, load
from train.stages import checkpoint, loop, runs, stage1, training
from train.stages.stage import Request
from warehouse.errors import AgpError

QUICK = ("max_steps=4", "evaluate_every=2", "rank=2", "accumulate=1", "batch_tokens=128")


def quick(data: Path, *changes: str) -> tuple[Path, stage1.Stage1]:
    return stage1.start(Request("tiny", data, changes=(*QUICK, *changes)))


def trained(data: Path, *changes: str, stop_after: int = 0) -> Path:
    """Train and return the run; a stop is asked for after `stop_after` steps."""
    run, stage = quick(data, *changes)
    seen: list[dict[str, Any]] = []

    def watch(line: dict[str, Any], _: int) -> None:
        seen.append(line)

    def stopped() -> bool:
        return bool(stop_after) and seen[-1]["step"] >= stop_after

    training.train(run, stage, loop.Progress(), watch, stopped)
    return run


def adapter(run: Path, which: str = "last") -> dict[str, mx.array]:
    found: Any = mx.load(str(run / which / "adapters.safetensors"))
    return found


def test_it_learns_and_plain_mlx_lm_loads_the_adapter(home: Path, build: Path):
    run = trained(build, "learning_rate=0.01")
    valid = [m["valid_loss"] for m in runs.metrics(run) if "valid_loss" in m]
    assert valid[-1] < valid[0] - 1
    ours, tokenizer = load("tiny", run / "best")
    plain = mlx_lm_load(str(TINY), adapter_path=str(run / "best"))[0]
    tokens = mx.array([tokenizer.encode("Fix the parser please.")])
    difference = mx.softmax(ours(tokens)) - mx.softmax(plain(tokens).astype(mx.float32))
    assert mx.abs(difference).max() < 0.05  # plain computes in the float16 it is stored in
    assert mx.abs(mx.softmax(ours(tokens)) - mx.softmax(load("tiny")[0](tokens))).max() > 0.05


def test_a_resumed_run_equals_an_uninterrupted_one(home: Path, build: Path):
    whole = trained(build, "dropout=0.3")
    run = trained(build, "dropout=0.3", stop_after=3)
    assert runs.summary(run)["state"] == "stopped"
    stage, progress = training.resume(run, "last")
    assert progress.step == 3
    training.train(run, stage, progress, lambda line, total: None, lambda: False)
    for which in ("last", "best"):
        one, two = adapter(whole, which), adapter(run, which)
        assert all(bool(mx.all(one[k] == two[k])) for k in one)

    def losses(r: Path) -> list[float | None]:
        return [m.get("loss", m.get("valid_loss")) for m in runs.metrics(r)]

    assert losses(whole) == losses(run)


def test_one_flipped_byte(home: Path, build: Path):
    run = trained(build)
    file = run / "last" / "optimizer.safetensors"
    data = bytearray(file.read_bytes())
    data[-1] ^= 1
    file.write_bytes(data)
    with pytest.raises(AgpError, match=r"optimizer\.safetensors is not as it was written"):
        training.resume(run, "last")


def test_a_loss_that_is_no_number_stops_the_run(home: Path, build: Path):
    run, stage = quick(build, "evaluate_every=1")
    sums = file_sha256
    before: dict[str, str] = {}
    whole = stage.loss

    def broken(batch: Any) -> mx.array:
        if stage.model.training and (run / "best").exists():
            before.update({f.name: sums(f) for f in (run / "best").iterdir()})
            return whole(batch) * mx.array(float("nan"))
        return whole(batch)

    stage.loss = broken
    with pytest.raises(AgpError, match="not finite at step 1"):
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
    assert runs.summary(run)["state"] == "failed"
    assert before == {f.name: sums(f) for f in (run / "best").iterdir()}


def test_a_full_disk(home: Path, build: Path, monkeypatch: pytest.MonkeyPatch):
    run, stage = quick(build)
    save, calls = mx.save_safetensors, []

    def full(path: str, *args: Any, **kw: Any) -> None:
        calls.append(path)
        if len(calls) > 2:
            raise OSError(28, "No space left on device")
        save(path, *args, **kw)

    monkeypatch.setattr(mx, "save_safetensors", full)
    with pytest.raises(AgpError, match="No space left on device"):
        training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
    checkpoint.verify(run / "best")
    assert not list(run.glob("checkpoints/*.part"))


def test_two_processes_on_one_run(home: Path, build: Path, agp: Any):
    run, _ = quick(build)
    with runs.held(run):
        said = agp("train", "resume", run.name, exit_code=2)
    assert "being trained by another process" in said.output


def test_commands(agp: Any, build: Path):
    changes = [part for change in QUICK for part in ("--set", change)]
    result = json.loads(agp("train", "run", "1", "--data", build, *changes, "--json").stdout)
    assert result["state"] == "finished"
    assert result["rows"]["supervised"] > 0
    assert result["run_id"] in agp("runs", "list", "--json").output
    assert "validation loss" in agp("runs", "show", result["run_id"]).output
    assert result["run_id"] in agp("sql", "select run_id from v_runs", "--csv").output


def test_another_dataset_is_not_resumed(home: Path, build: Path):
    run = trained(build, stop_after=1)
    with (build / "train.jsonl").open("a") as file:
        file.write((build / "valid.jsonl").read_text())
    with pytest.raises(AgpError, match="not the dataset"):
        training.resume(run, "last")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is empty"),
        ("{\n", "line 1: not a chat row"),
        ('{"messages": [{"role": "user", "content": "hi"}]}\n', "has a supervised token"),
        ('{"messages": [{"role": "user", "content": "hi"}], "loss": []}\n', None),
    ],
)
def test_datasets_that_cannot_be_learned(home: Path, build: Path, text: str, message: str | None):
    (build / "train.jsonl").write_text(text)
    with pytest.raises(AgpError, match=message or "differ in length"):
        quick(build)


def test_bad_settings(agp: Any, build: Path):
    for change, message in {
        "rank=none": "setting rank",
        "depth=3": "no setting 'depth'",
        "blocks=last:0": "say spread, all, last:N",
        "blocks=99": "a list within 0–7",
    }.items():
        said = agp("train", "run", "1", "--data", build, "--set", change, exit_code=2)
        assert message in said.output


def test_a_row_longer_than_the_window(home: Path, build: Path):
    _, stage = quick(build, "window=24")
    assert stage.counts["cut"] > 0
    assert max(len(s.ids) for s in stage.train) <= 24


def test_a_quantised_base(home: Path, build: Path, four_bits: Path):
    run, stage = stage1.start(
        Request(str(four_bits), build, changes=(*QUICK, "max_steps=1", "blocks=0,7"))
    )
    training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
    plain, tokenizer = mlx_lm_load(str(four_bits), adapter_path=str(run / "last"))[:2]
    tokens = mx.array([tokenizer.encode("Fix the parser please.")])
    difference = mx.softmax(stage.model(tokens)) - mx.softmax(plain(tokens).astype(mx.float32))
    assert mx.abs(difference).max() < 0.05
    assert mx.abs(plain(tokens) - mlx_lm_load(str(four_bits))[0](tokens)).max() > 0


def test_early_stopping(home: Path, build: Path):
    run = trained(build, "learning_rate=1e-12", "evaluate_every=1", "patience=2", "max_steps=9")
    facts = runs.summary(run)
    assert (facts["state"], facts["steps"], facts["best_step"]) == ("early", 2, 0)


def test_a_run_without_a_checkpoint_begins_anew(home: Path, build: Path):
    run, _ = quick(build)
    stage, progress = training.resume(run, "last")
    assert progress == loop.Progress()
    assert stage.total_steps() == 4


def test_no_such_model(agp: Any, build: Path):
    said = agp("train", "run", "1", "--model", "./nowhere", "--data", build, exit_code=2)
    assert "no model at ./nowhere" in said.output


def test_an_empty_validation_split(agp: Any, build: Path):
    (build / "valid.jsonl").write_text("")
    said = agp("train", "run", "1", "--data", build, exit_code=2).output
    assert "valid.jsonl is empty" in said


@pytest.mark.parametrize(
    ("template", "message"),
    [
        ("{% for m in messages %}{{ m['content'] }}{% endfor %}", None),
        ("{% for m in messages if m['role'] == 'user' %}{{ m['content'] }}{% endfor %}", "superv"),
        ("{{ messages[-1]['content'] }}", "changes earlier turns"),
    ],
)
def test_templates(home: Path, build: Path, tmp_path: Path, template: str, message: str | None):
    """A template that leaves answers out gives an empty mask; one that rewrites them, none."""
    model = tmp_path / "model"
    shutil.copytree(TINY, model)
    settings = json.loads((model / "tokenizer_config.json").read_text())
    settings["chat_template"] = template
    (model / "tokenizer_config.json").write_text(json.dumps(settings))
    if message is None:
        assert stage1.start(Request(str(model), build, changes=QUICK))[1].counts["supervised"] > 0
        return
    with pytest.raises(AgpError, match=message):
        stage1.start(Request(str(model), build, changes=QUICK))
