"""Stage 6 as a person meets it: parts that move together, margins, a bundle, and the way back."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pytest
from click.testing import CliRunner

from agp.cli import main
from train.eval.stage1 import Measure
from train.eval.statistics import Estimate
from train.harness.packs import Message, Prompt, write_pack
from train.model import bundle
from train.stages import critical, curriculum, joint_valid, runs, shelf, stage6, training, walk_plan
from train.stages.joint_parents import same_heads
from train.stages.joint_settings import JointSettings, steps
from train.stages.loop import Progress
from train.stages.settings import settings
from train.stages.stage import Request
from warehouse.errors import AgpError

CHANGES = ("prompts=3", "sent=1", "evaluate_every=2", "valid_prompts=4", "batch_tokens=128")
SPLITS = ("heads",) * 3 + ("valid", "calib", "test")
TRAINED = {
    "1": ("max_steps=20", "rank=2", "accumulate=1", "batch_tokens=64"),
    "2": ("epochs=10", "seeds=1", "hidden=8", "projection=4", "positions=8"),
    "3": ("epochs=4", "seeds=1", "exits=2,4", "positions=16", "rank=2"),
    "5": ("epochs=2", "prompts=3", "hidden=4", "evaluate_every=4", "seeds=1"),
}
FILES = ("adapters", "heads", "depth", "codec")


def call(*args: Any, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, [str(a) for a in args])
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return result


def train(stage: str, *args: Any, changes: tuple[str, ...] = ()) -> str:
    sets = [word for change in (*TRAINED.get(stage, ()), *changes) for word in ("--set", change)]
    return json.loads(call("train", "run", stage, *args, *sets, "--json").stdout)["run_id"]


def prompts() -> list[Prompt]:
    made = []
    for i in range(24):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = SPLITS[i % len(SPLITS)]
        made.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="x", split=split))
    return made


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stage6")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("AGP_HOME", str(folder / ".agp"))
        write_pack(folder / ".agp" / "packs" / "sums", "sums", "a test", prompts())
        data = folder / "data"
        data.mkdir()
        for split in ("train", "heads", "valid"):
            rows = [
                {
                    "messages": [
                        {"role": "user", "content": f"Fix line {i} of {split}."},
                        {"role": "assistant", "content": f"Fixed {i}."},
                    ]
                }
                for i in range(8)
            ]
            (data / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
        yield folder


@pytest.fixture(scope="module")
def parents(home: Path) -> dict[str, str]:
    """Return runs of stages 1, 2, 3 and 5 that fit together."""
    made = {"1": train("1", "--data", home / "data")}
    args = ("--pack", "sums", "--layers", "2,4", "--length", "4")
    args += ("--splits", "heads,valid,calib,test", "--adapter", made["1"], "--json")
    capture = json.loads(call("train", "capture", *args).stdout)["capture_id"]
    made |= {n: train(n, "--capture", capture) for n in ("2", "3")}
    return made | {"5": train("5", "--capture", capture, "--on", made["2"])}


def request(parents: dict[str, str], *changes: str) -> Request:
    folders = tuple(runs.find_run(run) for run in parents.values())
    return Request(parents=folders, changes=(*CHANGES, *changes))


def finished(parents: dict[str, str], *changes: str) -> Path:
    run, stage = stage6.start(request(parents, *changes))
    assert training.train(run, stage, Progress(), lambda *_: None, lambda: False) == "finished"
    return run


@pytest.fixture(scope="module")
def joint(parents: dict[str, str]) -> Path:
    """Return a finished run whose margins nothing breaks."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(joint_valid, "beyond", lambda measures: "")
        return finished(parents, "max_steps=4", "transfer_from=0", "route_from=0")


def arrays(folder: Path, name: str) -> dict[str, np.ndarray]:
    """Return a part's numbers; of a codec those of its first seed, which alone goes on."""
    found: Any = mx.load(str(folder / f"{name}.safetensors"))
    return {k: np.array(v) for k, v in found.items() if not k.startswith("others.")}


def moved(one: dict[str, np.ndarray], other: dict[str, np.ndarray]) -> set[str]:
    assert one.keys() == other.keys()
    return {k for k in one if not np.array_equal(one[k], other[k])}


@pytest.mark.slow
def test_every_part_moves_and_names_the_new_adapter(joint: Path, parents: dict[str, str]):
    facts = runs.summary(joint)
    assert facts["steps"] == 4 and facts["left_out"] == {}
    assert sum(facts["earlier_steps"].values()) >= 40
    before, last = shelf.before(joint).folder, joint / "last"
    changed = {
        n: moved(arrays(last, n), arrays(next(before.glob(f"*/{n}.saf*")).parent, n)) for n in FILES
    }
    assert all(changed.values())
    assert not any("basis" in k or "gain" in k for k in changed["codec"])
    assert not any(k.startswith("members.1.") for k in changed["heads"])  # the control
    assert {k.split(".")[1] for k in changed["depth"]} == {"0"}  # the seed, no rival
    found = shelf.keep([joint])
    assert set(found.manifest.parts) == {"adapter", "heads", "depth", "codec", "thresholds"}
    assert found.manifest.backbone.adapter_digest != facts["taught_by"]["codec"]["adapter_digest"]


@pytest.mark.slow
def test_the_plan_finds_its_parents_and_counts_its_steps(parents: dict[str, str]):
    found = json.loads(call("train", "plan", "6", "--set", "max_steps=2", "--json").stdout)
    assert [n["found"] for n in found["needs"]] == [parents[n] for n in ("1", "2", "3", "5")]
    assert found["steps"] == 2 and not found["missing"] and found["fits"]


@pytest.mark.slow
def test_thresholds_are_certified_anew(joint: Path, parents: dict[str, str]):
    new, old = (
        runs.read_json(run / "certificate.json") for run in (joint, runs.find_run(parents["2"]))
    )
    assert new["capture_id"] != old["capture_id"] and new["weights"] != old["weights"]


@pytest.mark.slow
def test_measured_and_decided(joint: Path):
    args = ("--pack", "sums", "--answers", "2", "--max-tokens", "4")
    document = json.loads(call("eval", joint.name, *args, "--json").stdout)
    gates = {g["name"]: g for g in document["gates"]}
    assert set(gates) == {
        *("cross_entropy", "kl.depth", "kl.transfer", "augrc", "false_accepts"),
        *("improved", "controls", "rollback"),
    }
    assert gates["rollback"]["value"] == 0 and gates["rollback"]["verdict"] == "passed"
    assert gates["cross_entropy"]["verdict"] == "too_few" and document["openings"]["of_run"] == 1
    assert document["improved"] == []  # four prompts show nothing
    assert "opened 1 ×" in call("runs", "show", joint.name).output
    record = json.loads(call("promote", joint.name, "--json").stdout)
    assert record["decision"] in ("hold", "reject") and record["stage"] == 6


@pytest.mark.slow
def test_going_back_brings_the_very_numbers(joint: Path, parents: dict[str, str], home: Path):
    made = json.loads(call("bundle", "use", joint.name, "--json").stdout)
    assert made["runs"]["heads"] == joint.name
    back = json.loads(call("rollback", "--json").stdout)
    assert back["runs"]["adapter"] == parents["1"] and shelf.current() == back
    places = {"1": ("adapter", "adapters"), "2": ("heads", "heads"), "3": ("depth", "depth")}
    places["5"] = ("codec", "codec")
    for number, (role, name) in places.items():
        own = runs.find_run(parents[number]) / "best" / f"{name}.safetensors"
        assert (Path(back["path"]) / role / own.name).read_bytes() == own.read_bytes()
    listed = json.loads(call("bundle", "list", "--json").stdout)
    assert [b["digest"] for b in listed if b["current"]] == [back["digest"]]
    ask = ("generate", "--prompt", "What is 2 + 2?", "--max-tokens", "6", "--json")
    one = json.loads(call(*ask, "--bundle", back["path"], "--policy", "off").stdout)
    two = json.loads(call(*ask, "--run", parents["1"], "--policy", "off").stdout)
    assert one["text"] == two["text"]
    three = call(*ask, "--policy", "off")  # nothing is named: what is current answers
    assert json.loads(three.stdout)["text"] == two["text"]
    assert f"with the current bundle {back['digest']}" in three.stderr
    said = call("rollback", exit_code=2).stderr
    assert "is of no joint finetune" in said


@pytest.mark.slow
def test_nothing_is_gone_back_to_that_is_not_whole(joint: Path, home: Path):
    current = shelf.current()
    folder = shelf.before(joint).folder
    kept = folder.with_name("copy")
    shutil.copytree(folder, kept)
    for gone, said in (("heads/heads.safetensors", "is missing"), ("bundle.json", "no bundle")):
        (folder / gone).unlink()
        stderr = call("rollback", joint.name, exit_code=2).stderr
        assert said in stderr and stderr.count("\n") == 1
        shutil.copyfile(kept / gone, folder / gone)
    (folder / "codec" / "codec.json").write_text("{}")
    assert "not as it was written" in call("rollback", joint.name, exit_code=2).stderr
    shutil.rmtree(folder)
    assert "is no longer in" in call("rollback", joint.name, exit_code=2).stderr
    assert shelf.current() == current
    shutil.move(kept, folder)


@pytest.mark.slow
def test_a_resumed_run_is_an_uninterrupted_one(joint: Path, parents: dict[str, str], monkeypatch):
    monkeypatch.setattr(joint_valid, "beyond", lambda measures: "")
    run, stage = stage6.start(request(parents, "max_steps=4", "transfer_from=0", "route_from=0"))
    stops = iter([False, True])
    assert training.train(run, stage, Progress(), lambda *_: None, lambda: next(stops)) == "stopped"
    again, progress = training.resume(run, "last")
    assert progress.step == 2
    training.train(run, again, progress, lambda *_: None, lambda: False)
    for name in (*FILES, "optimizer"):
        assert not moved(arrays(run / "last", name), arrays(joint / "last", name)), name


@pytest.mark.slow
def test_it_is_made_again_from_its_record(
    joint: Path, parents: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
):
    """In a clean folder, the bundle before too; every bit is the same, and nothing is left here."""
    monkeypatch.setattr(joint_valid, "beyond", lambda measures: "")
    kept = [
        sorted(f.name for f in (home / ".agp" / name).iterdir()) for name in ("runs", "captures")
    ]
    found = json.loads(call("reproduce", joint.name, "--json").stdout)
    lines = {line["what"]: line["verdict"] for line in found["lines"]}
    assert set(lines.values()) == {"equal"}, found["lines"]
    assert {"bundle before", "loss", "valid_loss", "thresholds"} < set(lines)
    assert {f"weights, {name}" for name in FILES} < set(lines)
    now = [
        sorted(f.name for f in (home / ".agp" / name).iterdir()) for name in ("runs", "captures")
    ]
    assert now == kept


@pytest.mark.slow
def test_a_breach_ends_the_run_and_keeps_the_state_before(parents: dict[str, str]):
    changes = ("learning_rate=0.5", "pace_heads=2", "pace_depth=2", "pace_codec=0", "diverged=1e9")
    run, stage = stage6.start(request(parents, "max_steps=4", *changes))
    assert training.train(run, stage, Progress(), lambda *_: None, lambda: False) == "early"
    facts = runs.summary(run)
    assert "beyond its margin" in facts["reason"] and facts["steps"] == 2
    assert facts["best_step"] == 0 and not (run / "checkpoints" / "step-000002").exists()
    before = shelf.before(run).folder
    assert not moved(arrays(run / "best", "heads"), arrays(before / "heads", "heads"))


def texts(folder: Path) -> Path:
    """Write a build of the semantic lane whose words tell two labels."""
    folder.mkdir()
    for split, n in {"train": 4, "heads": 12, "valid": 6, "test": 6}.items():
        rows = [
            {
                "exchange_id": f"{split}{i}",
                "text": f"Show the {('river', 'candle')[i % 2]} number {i}.",
                "before": [],
                "primitives": {"echo": 0.9 if i % 2 else 0.02},
                "invariants": {"time": 0.02 if i % 2 else 0.8},
                "voted": ["echo", "time"],
                "bundles": [],
                "neighbours": [],
                "weight": 1.0,
            }
            for i in range(n)
        ]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    (folder / "manifest.json").write_text(json.dumps({"build_id": "b1"}))
    return folder


@pytest.mark.slow
def test_a_projection_comes_along_once_it_is_of_use(
    parents: dict[str, str], home: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setattr(joint_valid, "beyond", lambda measures: "")
    small = ("seeds=1", "hidden=8", "units=2", "active=2", "rows=6", "epochs=4")
    data = ("--data", texts(home / "labelled"), "--on", parents["1"])
    made = runs.find_run(train("4", *data, changes=small))
    every = parents | {"4": made.name}
    run, stage = stage6.start(request(every, "max_steps=1"))
    assert list(runs.read_json(run / "run.json")["left_out"]) == [made.name]
    assert stage.source.texts is None

    critical.stamp(made, True, "it is of use here")
    run = finished(every, "max_steps=2", "semantic_from=0", "texts=4")
    before = shelf.before(run).folder / "semantic"
    changed = moved(arrays(run / "last", "semantic"), arrays(before, "semantic"))
    assert changed and not any(k.startswith("members.1.") for k in changed)
    args = ("--pack", "sums", "--answers", "2", "--max-tokens", "2", "--json")
    document = json.loads(call("eval", run.name, *args).stdout)
    assert {g["name"]: g["verdict"] for g in document["gates"]}["macro_ap"] == "too_few"
    monkeypatch.setattr("train.eval.stage6.POSITIVES", 2)
    document = json.loads(call("eval", run.name, *args, "--split", "valid").stdout)
    assert "macro_ap.now" in {m["name"] for m in document["measures"]}


@pytest.mark.slow
def test_the_walk_takes_it_last(parents: dict[str, str], home: Path):
    changes = [(int(n), c) for n, cs in TRAINED.items() if n != "1" for c in cs]
    changes += [(6, c) for c in (*CHANGES, "max_steps=2")]
    pack = home / ".agp" / "packs" / "sums"
    adapter = runs.find_run(parents["1"])
    plan = walk_plan.Plan(
        "tiny", home / "data", None, pack, ("semantic",), True, 24, 4, 2, tuple(changes), adapter
    )
    quiet: Any = lambda *_: None  # noqa: E731
    show = walk_plan.Show(*[quiet] * 5)
    done = curriculum.walk(plan, show, lambda: False)
    assert done["state"] == "finished" and list(done["steps"]) == ["0", "1", "2", "3", "5", "6"]
    joint = runs.find_run(done["steps"]["6"]["run_id"])
    before = runs.read_json(joint / "run.json")["before"]["parts"]
    assert before["codec"] == done["steps"]["5"]["run_id"]
    passed = done["steps"]["6"]["verdict"] == "passed"
    held = bundle.load(Path(done["whole"]["bundle"])).manifest.parts["heads"].run_id
    assert held == (joint.name if passed else before["heads"])


REFUSED = {
    "sft=-1": "setting sft",
    "transfer_from=1": "setting transfer_from",
    "share=0.2": "setting share",
    "max_steps=50": "too long for a joint finetune",
}


@pytest.mark.slow
def test_what_cannot_be_trained_is_one_line(parents: dict[str, str], home: Path):
    on = [word for n in "235" for word in ("--on", parents[n])]
    for change, said in REFUSED.items():
        stderr = call("train", "run", "6", *on, "--set", change, exit_code=2).stderr
        assert said in stderr and stderr.count("\n") == 1, stderr
    assert "--on RUN for each" in call("train", "run", "6", exit_code=2).stderr
    other = train("1", "--data", home / "data", changes=("seed=1",))
    twice = call("train", "run", "6", *on, "--on", other, exit_code=2).stderr
    assert "one run of each of stages 1 to 5" in twice
    with pytest.raises(AgpError, match="reads what heads s2-a say, not none"):
        same_heads({"codec": {"heads_run_id": "s2-a", "run_id": "s5-a"}})


def chosen(**changes: Any) -> JointSettings:
    return settings(stage6.FILE, [f"{k}={v}" for k, v in changes.items()], JointSettings)


def test_terms_come_in_one_after_another_and_only_where_there_is_a_part():
    found = chosen(route_from=0.2, vitality_from=0.3, ramp=0.4, semantic_from=0.5, transfer=0)
    every = ["adapter", "heads", "depth", "semantic", "codec"]
    assert found.weighs(0.0, every) == {"sft": 1.0, "depth": found.depth}
    assert found.weighs(0.4, every)["route"] == pytest.approx(found.route / 2)
    assert "transfer" not in found.weighs(0.9, every)
    assert found.weighs(0.9, ["adapter"]) == {"sft": 1.0}


def test_a_run_is_never_longer_than_its_share():
    assert steps(chosen(), 50, {"a": 100, "b": 40}) == 14
    assert steps(chosen(), 5, {"a": 100}) == 5
    assert steps(chosen(max_steps=10), 5, {"a": 100}) == 10
    with pytest.raises(AgpError, match="took 100 steps, 10% of them are 10"):
        steps(chosen(max_steps=11), 5, {"a": 100})
    with pytest.raises(AgpError, match="is no step"):
        steps(chosen(), 5, {"a": 9})


def test_a_breach_is_a_value_beyond_its_margin_that_is_surely_worse():
    def said(value: float, low: float) -> str:
        return joint_valid.beyond([Measure("kl.depth", Estimate(value, low, 0.2, 9))])

    assert "kl.depth is +0.050" in said(0.05, 0.01)
    assert said(0.05, -0.01) == said(0.01, 0.005) == ""


def test_a_bundle_that_lacks_a_part_is_not_gone_back_to(monkeypatch, tmp_path: Path):
    monkeypatch.setenv("AGP_HOME", str(tmp_path))
    with pytest.raises(AgpError, match="no bundle is current"):
        shelf.rollback(None)
    run = runs.new_run(6, {"before": {"digest": "0" * 16, "parts": {"heads": "s2-a"}}})
    with pytest.raises(AgpError, match="is no longer in"):
        shelf.rollback(run)
    with pytest.raises(AgpError, match="only stage 6"):
        shelf.rollback(runs.new_run(5, {}))
