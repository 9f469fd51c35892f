"""Stage 2 as a person meets it: heads from a capture, a certificate or why not, a table, gates."""

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
from train.harness.chat import template
from train.harness.generation import generate
from train.harness.packs import Message, Prompt, load_pack, write_pack
from train.harness.route_policy import Route
from train.model.heads import load_heads
from train.stages import certified, evaluate_heads, examples, loop, runs, stage2, training
from train.stages.evaluations import Options
from train.stages.examples import Reader, labelled
from train.stages.generating import Ask, ready
from train.stages.judge import judge
from train.stages.looks import both, shuffled
from train.stages.stage import Request
from warehouse.errors import AgpError
from warehouse.store import open_reader

SPLITS = ("heads", "valid", "calib", "test")
SMALL = ("seeds=2", "hidden=8", "projection=4", "max_steps=4", "evaluate_every=2", "positions=16")


def call(*args: Any, exit_code: int = 0) -> Any:
    result = CliRunner().invoke(main, [str(a) for a in args])
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return result


def capture(home: Path, layers: str = "2,4,6") -> Path:
    args = ("--layers", layers, "--length", "4", "--splits", ",".join(SPLITS), "--json")
    return Path(json.loads(call("train", "capture", "--pack", home / "pack", *args).stdout)["path"])


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    folder = tmp_path_factory.mktemp("stage2")
    prompts = []
    for i in range(16):
        turns = [("user", f"What is {i} + {i}?"), ("assistant", str(2 * i))]
        messages = [Message(role=role, content=text) for role, text in turns]
        split = SPLITS[i % 4]
        prompts.append(Prompt(id=f"p{i}", messages=messages, kind="chat", script="x", split=split))
    write_pack(folder / "pack", "sums", "a test", prompts)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(folder))
        patch.setenv("AGP_HOME", str(folder / ".agp"))
        patch.setattr("train.harness.capture.PROMPTS", 2)
        patch.setattr("train.eval.resample.RESAMPLES", 100)
        patch.setattr("train.eval.route_baselines.STEPS", 60)
        yield folder


@pytest.fixture(scope="module")
def captured(home: Path) -> Path:
    return capture(home)


def trained(captured: Path, *changes: str) -> tuple[Path, stage2.Stage2]:
    request = Request(captures=(captured,), changes=(*SMALL, *changes))
    run, stage = stage2.start(request)
    training.train(run, stage, loop.Progress(), lambda line, total: None, lambda: False)
    return run, stage


@pytest.fixture(scope="module")
def run(captured: Path) -> Path:
    return trained(captured)[0]


def test_a_run_learns_and_says_why_it_certifies_nothing(captured: Path):
    sets = [word for change in SMALL for word in ("--set", change)]
    name = captured.name[:6]
    made = json.loads(call("train", "run", "2", "--capture", name, *sets, "--json").stdout)
    folder = runs.find_run(made["run_id"])
    losses = [m["valid_loss"] for m in runs.metrics(folder) if "valid_loss" in m]
    assert losses[-1] < losses[0]
    found = runs.read_json(folder / certified.FILE)["heads"]
    assert list(found) == ["0", "1", "shuffled"]
    assert (
        "4 calibration prompts" in found["0"]["reason"] and "48 are needed" in found["0"]["reason"]
    )
    with pytest.raises(AgpError, match="no certified threshold"):
        certified.threshold({"heads": found}, "0")


def test_the_table_the_gates_and_the_looks(run: Path):
    said = call("eval", run.name).output
    assert max(map(len, said.splitlines())) <= 80 and "opened 1 × for this run" in said
    [file] = (run / "evaluations").glob("*-test.json")
    document = json.loads(file.read_text())
    verdicts = {g["name"]: g["verdict"] for g in document["gates"]}
    assert set(verdicts.values()) == {"too_few", "passed"} and verdicts["controls"] == "passed"
    assert [n for n, v in verdicts.items() if v == "passed"] == ["controls"]
    methods = {row[0] for row in document["tables"][0]["rows"]}
    assert {"heads", "entropy", "max_prob.tempered", "logistic", "mlp", "oracle", "fixed"} < methods
    assert {"shuffled", "untrained"} == set(document["controls"])
    kinds = {row[0] for row in document["tables"][1]["rows"]}
    assert {"zeroed", "noised", "foreign", "nan", "stale", "two_bit", "all"} == kinds
    assert document["openings"]["of_run"] == 1
    assert "AUGRC" in call("runs", "show", run.name).output
    with open_reader() as con:
        rows = con.execute("select count(*), max(n) from v_gates where stage = 2").fetchall()
        assert rows[0][0] == 5
    curve = document["plots"]["policy"]["oracle"]
    assert all(point["risk"] == 0 for point in curve[:1])


def test_a_stopped_run_goes_on_as_if_it_had_not_been(captured: Path):
    whole, _ = trained(captured, "max_steps=6")
    cut, stage = stage2.start(Request(captures=(captured,), changes=(*SMALL, "max_steps=6")))
    steps: list[int] = []

    def watch(line: dict[str, Any], total: int) -> None:
        steps.append(line["step"])

    assert training.train(cut, stage, loop.Progress(), watch, lambda: steps[-1] >= 3) == "stopped"
    assert not (cut / certified.FILE).exists(), "calib is read when training is over"
    again, progress = training.resume(cut, "last")
    assert progress.step == 3
    training.train(cut, again, progress, lambda line, total: None, lambda: False)
    for name in ("heads.safetensors", "optimizer.safetensors"):
        one, two = (mx.load(str(r / "last" / name)) for r in (whole, cut))
        assert isinstance(one, dict) and isinstance(two, dict)
        assert all(np.array_equal(np.array(one[k]), np.array(two[k])) for k in one)


def test_shards_are_held_a_few_at_a_time(captured: Path, monkeypatch: pytest.MonkeyPatch):
    held: list[int] = []
    real = examples.read_part

    def counted(source: Any, number: int) -> Any:
        held.append(number)
        return real(source, number)

    monkeypatch.setattr(examples, "read_part", counted)
    chosen = stage2.settings(stage2.FILE, (*SMALL, "window_shards=1"), stage2.HeadSettings)
    stage = stage2.Stage2(labelled(captured), chosen)
    held.clear()
    groups = stage.groups(0)
    for group in groups:
        stage.batch(group)
        assert len(stage.reader.parts) == 1
    assert len(held) == len(set(held)) > 1, "an epoch reads each shard once"
    positions = np.sort(np.concatenate([np.array(g).reshape(3, -1)[0] for g in groups]))
    assert np.array_equal(positions, stage.rows["heads"]), "and each position once, for each seed"


def test_labels_and_states_belong_together(captured: Path):
    source = labelled(captured)
    _, part, at = next(Reader(source, 1).each("heads"))
    rows, k = both(part, at), len(source.layers)
    real = rows.real.astype(bool).reshape(-1)
    assert real.sum() == len(at) * k and not rows.right[~real].any()
    norm = np.linalg.norm(rows.state, axis=1)
    own = rows.scalars[rows.of, rows.layer, 4]
    there = np.isfinite(own)
    assert np.allclose(norm[there], own[there], rtol=1e-4)
    assert there[real].all() and not there.all(), "a state with a NaN has no facts"
    mixed = shuffled(rows, [1])
    assert np.array_equal(mixed.state, rows.state, equal_nan=True)
    for layer in range(k):
        here = rows.layer == layer
        assert sorted(mixed.right[here]) == sorted(rows.right[here])
    assert not np.array_equal(mixed.route, rows.route)


def test_the_untuned_base_is_a_control_of_heads_of_a_tuned_model(captured: Path, tmp_path: Path):
    """The capture stands in for one of a tuned model: only the digest of its adapter differs."""
    tuned = shutil.copytree(captured, tmp_path / "tuned")
    facts = runs.read_json(tuned / "manifest.json") | {"adapter_digest": "a" * 16}
    runs.write_json(tuned / "manifest.json", facts)
    heads = trained(tuned)[0]
    options = Options(captured, "valid", untuned=captured)
    found = evaluate_heads.evaluate(heads, options, lambda n: None, lambda: None)
    assert list(found["controls"]) == ["shuffled", "untrained", "untuned"]
    assert [g["n"] for g in found["gates"] if g["name"] == "controls"] == [3]
    assert found["openings"] is None
    with pytest.raises(AgpError, match=r"adapter a{16}, not to none"):
        load_heads(heads / "best", labelled(captured).identity())


def test_what_cannot_be_trained_or_measured_is_one_line(home: Path, captured: Path, run: Path):
    assert "needs one capture" in call("train", "run", "2", exit_code=2).stderr
    said = call("train", "run", "2", "--capture", captured.name, "--set", "alpha=2", exit_code=2)
    assert "alpha" in said.stderr and said.stderr.count("\n") == 1
    other = capture(home, "2,4")
    said = call("eval", run.name, "--capture", other.name, exit_code=2).stderr
    assert "candidate layers 2, 4, 6, not to 2, 4;" in said
    said = call("eval", run.name, "--untuned", captured.name, exit_code=2).stderr
    assert "of an untuned model" in said
    facts = runs.read_json(run / "run.json")
    with pytest.raises(AgpError, match="not the capture"):
        stage2.again(facts | {"capture_digest": "0"})
    with pytest.raises(AgpError, match="is gone"):
        stage2.again(facts | {"capture": str(home / "nowhere")})
    with pytest.raises(AgpError, match="outside 0 to 1"):
        certified.threshold({"heads": {"0": {"threshold": 1.5}}}, "0")


def prompt_rows(captured: Path) -> range:
    """Return the positions of the first prompt of the capture, one of the heads split."""
    return range(runs.read_json(captured / "manifest.json")["shards"][0]["lengths"][0])


def test_generation_asks_the_heads_what_evaluation_asked_them(
    captured: Path, run: Path, monkeypatch: pytest.MonkeyPatch
):
    """Token by token and layer by layer, the confidences are those of the captured states."""
    source = labelled(captured)
    members = load_heads(run / "best", source.identity())
    offline = judge(source, "heads", members).said["0"].confidence
    made = ready(Ask("tiny", policy="route:1.0", heads=run.name))
    policy = made.way.policy
    assert isinstance(policy, Route)
    prompt = load_pack(captured.parents[2] / "pack").split("heads")[0]
    ids = template(made.tokenizer, prompt.chat()[:-1], prompt=True)
    seen: list[float] = []
    accepts = policy.accepts

    def watched(look: Any) -> bool:
        answer = accepts(look)
        seen.append(policy.confidences[-1])
        return answer

    monkeypatch.setattr(policy, "accepts", watched)
    list(generate(made.gemma, made.tokenizer, ids, made.way, 4))
    online = np.array(seen).reshape(-1, 3)
    n = min(len(online), len(prompt_rows(captured)))
    assert n > 1 and np.allclose(online[:n], offline[:n], atol=1e-4)
    said = call("generate", "--prompt", "Hi", "--policy", "route:0.1", "--heads", run.name)
    assert "layers" in said.output


def test_a_route_that_cannot_be_taken_is_one_line(run: Path):
    ask = ("generate", "--prompt", "Hi", "--policy")
    assert "--heads RUN" in call(*ask, "route", exit_code=2).stderr
    said = call(*ask, "route", "--heads", run.name, exit_code=2).stderr
    assert "no certified threshold" in said and said.count("\n") == 1
    assert "0 to 1" in call(*ask, "route:1.5", "--heads", run.name, exit_code=2).stderr
    with_layers = ("route:0.5", "--heads", run.name, "--layers", "4")
    assert "its own layers" in call(*ask, *with_layers, exit_code=2).stderr
