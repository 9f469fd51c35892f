"""Negative controls through the whole chain: trained, measured, decided; none may pass.

Every stage is really trained on the tiny model. Then runs are made that hold, instead of what was
learned, the stage's own control (shuffled labels), random numbers, or nothing (the untuned
backbone), and these go through `agp eval` and `agp promote` as any other run does.
"""

import json
import math
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest
from click.testing import CliRunner

from agp.cli import main
from train.eval.baselines import scrambled
from train.harness.pack_build import build_pack
from train.harness.packs import Message, Prompt, write_pack
from train.model import depth_set, heads, semantic
from train.stages import checkpoint, runs, transfer_bench
from train.stages.register import register

pytestmark = pytest.mark.slow
N = 64  # test prompts: every gate asks for 59 at the most
SPLITS = "heads,valid,calib,test"
SIZES = {"heads": 24, "valid": 16, "calib": 16, "test": N}
LEARNED = {  # stage → gates that only something learned may pass
    1: ("control",),  # and cross_entropy, where the base is no worse than a guess: see below
    2: ("augrc", "coverage.behind", "false_accepts", "dead_accepted"),
    3: ("kl_ratio",),
    4: ("ahead.bag_of_words", "ahead.dense_probe", "use"),
    5: ("learned.kl.minus.int4", "learned.kl.minus.pca"),
}
FILES = {1: "adapters", 2: "heads", 3: "depth", 4: "semantic", 5: "codec"}
Arrays = dict[str, mx.array]


def call(*args: Any, exit_code: int = 0) -> Any:
    """Run a command that prints JSON."""
    result = CliRunner().invoke(main, [*map(str, args), "--json"])
    assert result.exit_code == exit_code, result.output + str(result.exception)
    return json.loads(result.stdout)


def sets(*changes: str) -> list[str]:
    return [word for change in changes for word in ("--set", change)]


def chat(i: int, answer: int) -> dict[str, Any]:
    turns = [("user", f"Fix line {i} of part {i % 9}."), ("assistant", f"Fixed {answer}.")]
    return {"messages": [{"role": r, "content": t} for r, t in turns], "loss": [False, True]}


def history(folder: Path, dealt: bool) -> Path:
    """Write a dataset; `dealt`: each answer is that of another prompt, in training alone."""
    folder.mkdir()
    (folder / "manifest.json").write_text("{}")
    for split, first in {"train": 100, "valid": 300, "test": 400}.items():
        shift = 37 if dealt and split == "train" else 0
        rows = [chat(first + i, first + (i + shift) % N) for i in range(N)]
        (folder / f"{split}.jsonl").write_text("".join(json.dumps(r) + "\n" for r in rows))
    return folder


def sums(folder: Path) -> str:
    """Write a pack of short questions."""
    made = []
    for split, n in SIZES.items():
        for i in range(n):
            turns = [("user", f"What is {i} + {len(made)}?"), ("assistant", str(i + len(made)))]
            messages = [Message(role=role, content=text) for role, text in turns]
            name = f"{split}{i}"
            made.append(Prompt(id=name, messages=messages, kind="chat", script="x", split=split))
    write_pack(folder, "sums", "a test", made)
    return "sums"


def labelled(folder: Path) -> Path:
    """Write a semantic dataset whose words tell its labels."""
    folder.mkdir()
    about = ("river stone", "candle oil", "empty paper")
    for split, n in {"train": 90, "heads": 60, "valid": 30, "test": 120}.items():
        rows = [
            {
                "exchange_id": f"{split}{i}",
                "text": f"Show the {about[i % 3]} number {i} and write it down.",
                "before": [],
                "primitives": {"echo": 0.9 if i % 3 == 0 else 0.02, "shift": None},
                "invariants": {"time": 0.8 if i % 3 == 1 else 0.02},
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


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[int, Path]]:
    """Return a run of every stage, trained for a moment."""
    home = tmp_path_factory.mktemp("controls")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        patch.chdir(home)
        patch.setattr("train.eval.resample.RESAMPLES", 400)
        patch.setattr("train.eval.route_baselines.STEPS", 200)
        build_pack(history(home / "sft", False), home / "pack", "mine", N)
        quick = sets("max_steps=30", "rank=8", "accumulate=1", "batch_tokens=256")
        quick += sets("learning_rate=5e-3")
        made = {1: call("train", "run", 1, "--data", "sft", *quick)}
        made[0] = call("train", "run", 1, "--data", history(home / "dealt", True), *quick)
        few = ("--length", 8, "--pack", sums(home / ".agp" / "packs" / "sums"))
        folder = call("train", "capture", "--layers", "2,3,4,5", "--splits", SPLITS, *few)["path"]
        on = ("--capture", folder)
        made[2] = call("train", "run", 2, *on, *sets("seeds=2", "epochs=3"))
        made[3] = call("train", "run", 3, *on, *sets("seeds=1", "epochs=2", "exits=3,4,5"))
        small = sets("seeds=2", "epochs=8", "hidden=16", "units=4", "active=3")
        made[4] = call("train", "run", 4, "--data", labelled(home / "labelled"), *small, *on)
        made[5] = call("train", "run", 5, *on, *sets("epochs=1", "layers=4", "seeds=1"))
        yield {stage: runs.find_run(facts["run_id"]) for stage, facts in made.items()}


def instead(run: Path, change: Callable[[Arrays], Arrays]) -> Path:
    """Return a run like another that holds other numbers in the place of what was learned."""
    facts = runs.read_json(run / "run.json")
    made = runs.new_run(
        facts["stage"], {k: v for k, v in facts.items() if k not in ("run_id", "started_at")}
    )
    name = f"{FILES[facts['stage']]}.safetensors"
    loaded: Any = mx.load(str(run / "best" / name))
    kept = [f for f in (run / "best").glob("*.json") if f.name != "checksums.json"]
    documents = {f.name: json.loads(f.read_text()) for f in kept}
    checkpoint.save(made, 1, {name: change(dict(loaded))}, documents, best=True)
    if (run / "lens.safetensors").exists():
        shutil.copyfile(run / "lens.safetensors", made / "lens.safetensors")
    runs.set_state(made, "finished", steps=1, critical=True)
    register(made)
    return made


def member(shape: str, number: int) -> Callable[[Arrays], Arrays]:
    """Return what gives every seed the numbers of one member: `members.N.` of the shape's names."""

    def change(arrays: Arrays) -> Arrays:
        own = {
            k.split(".", 2)[2]: v for k, v in arrays.items() if k.startswith(f"{shape}.{number}.")
        }
        found = {k: own.get(k.split(".", 2)[2], v) for k, v in arrays.items()}
        return {k: v if v.shape == arrays[k].shape else arrays[k] for k, v in found.items()}

    return change


def random(arrays: Arrays) -> Arrays:
    """Return random numbers of the same size and spread, an array at a time."""
    found = {}
    for i, (name, x) in enumerate(sorted(arrays.items())):
        noise = mx.random.normal(x.shape, key=mx.random.key(i))
        found[name] = (noise * (mx.std(x) + 1e-2)).astype(x.dtype) if x.size > 1 else x
    return found


def control_of(stage: int, arrays_file: Path) -> Callable[[Arrays], Arrays]:
    """Return what a stage's own control, trained on shuffled labels, puts in the place of all."""
    about = json.loads(arrays_file.read_text())
    names = about.get("members") or list(depth_set.shape_of(about["shape"]).names)
    return member("members", names.index("shuffled"))


@cache
def controls(stage: int, run: Path) -> dict[str, Path]:
    """Return the controls of a stage's run, each a run of its own."""
    if stage == 1:
        zero = lambda a: {k: v * 0 if k.endswith("lora_b") else v for k, v in a.items()}  # noqa: E731
        return {"untuned": instead(run, zero), "random": instead(run, scrambled)}
    if stage == 5:
        return {"random": instead(run, transfer_bench.mixed)}
    about = {2: heads.ABOUT, 3: depth_set.ABOUT, 4: semantic.ABOUT}[stage]
    shuffled = control_of(stage, run / "best" / about)
    return {"shuffled": instead(run, shuffled), "random": instead(run, random)}


@cache
def measured(run: Path, stage: int) -> dict[str, Any]:
    pack = ("--pack", "pack" if stage == 1 else "sums")
    few = ("--most", N, "--answers", 2, "--max-tokens", 4)
    return call("eval", run.name, *pack, *few)


def verdicts(document: dict[str, Any]) -> dict[str, str]:
    return {g["name"]: g["verdict"] for g in document["gates"]}


@pytest.mark.parametrize("stage", sorted(LEARNED))
def test_no_control_passes_what_only_learning_may(trained: dict[int, Path], stage: int):
    for name, run in controls(stage, trained[stage]).items():
        found = measured(run, stage)
        passed = {g for g, verdict in verdicts(found).items() if verdict == "passed"}
        assert not passed & set(LEARNED[stage]), (name, passed, found["measures"][:8])
        assert call("promote", run.name)["decision"] != "promote", name


def test_the_untuned_backbone_does_not_beat_itself(trained: dict[int, Path]):
    """And numbers in random places may: where the base is surer of wrong words than a guess is.

    Any noise then lowers the cross-entropy. That is why the gate `control` asks for more than them.
    """
    for name, run in controls(1, trained[1]).items():
        found = measured(run, 1)
        values = {m["name"]: m for m in found["measures"]}
        if name == "untuned":
            assert values["cross_entropy"]["value"] == 0
            assert verdicts(found)["cross_entropy"] == "failed"
        elif verdicts(found)["cross_entropy"] == "passed":
            assert values["cross_entropy.untuned"]["value"] > math.log(2048)  # the vocabulary


def test_what_was_learned_is_told_from_its_controls(trained: dict[int, Path]):
    """The chain is not blind: with true labels stage 1 passes, on enough prompts."""
    found = measured(trained[1], 1)
    for gate in ("cross_entropy", "control"):
        assert verdicts(found)[gate] == "passed"
        assert all(g["n"] >= 59 for g in found["gates"] if g["name"] == gate)


def test_dealt_answers_pass_cross_entropy_since_it_asks_for_style(trained: dict[int, Path]):
    """Stage 1 is to bend the model towards a history, and the form of answers is most of that.

    So an adapter of answers that were dealt to other prompts beats the base as well: the gate shows
    that the style was learned, not the answers (docs/evaluation.md). What shows those is its run as
    `--random-subset`, or checks that are executed.
    """
    assert verdicts(measured(trained[0], 1))["cross_entropy"] == "passed"
