"""A run that is stopped or killed anywhere and resumed in another process equals one that was not.

Each process is a real one: it trains on its own, and dies where the test says.
"""

import json
import resource
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.stages import checkpoint, runs

QUICK = ("max_steps=6", "evaluate_every=2", "rank=2", "accumulate=2", "batch_tokens=64")
SETTINGS = [part for change in (*QUICK, "dropout=0.2") for part in ("--set", change)]
# Send a signal at call number N of a function: the patch stands before `agp` runs.
KILL = """
import os, signal, sys
from importlib import import_module
from agp.cli import main
module, name, number, sent = sys.argv[1:5]
owner = import_module(module)
*path, name = name.split(".")
for part in path:
    owner = getattr(owner, part)
real, calls = getattr(owner, name), []
def dying(*args, **options):
    calls.append(name)
    if len(calls) == int(number):
        if name == "save_safetensors":
            open(args[0], "wb").write(b"half a file")
        os.kill(os.getpid(), getattr(signal, sent))
    return real(*args, **options)
setattr(owner, name, dying)
main(sys.argv[5:])
"""
PHASES = {
    "at the start": ("train.stages.runs", "set_state", 1),
    "in the first validation": ("train.stages.stage1", "Stage1.validate", 1),
    "in a step": ("train.stages.loop", "refuse_divergence", 4),
    "in a later validation": ("train.stages.stage1", "Stage1.validate", 3),
    "in the first checkpoint": ("mlx.core", "save_safetensors", 2),
    "in a later checkpoint": ("mlx.core", "save_safetensors", 6),
    "before a checkpoint has its name": ("train.stages.checkpoint", "sync", 24),
    "between best and last": ("train.stages.checkpoint", "link", 4),
    "while old checkpoints go": ("train.stages.checkpoint", "forget", 3),
}


def agp(*arguments: object, before: tuple[object, ...] = ()) -> subprocess.CompletedProcess[str]:
    start = ["-c", KILL, *before] if before else ["-m", "agp"]
    command = [sys.executable, *map(str, start), *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True)


def train(build: Path, *changes: str, before: tuple[object, ...] = ()) -> Path:
    """Train in a process of its own and return the newest run."""
    known = set(runs.runs_folder().glob("*"))
    more = [part for change in changes for part in ("--set", change)]
    agp("train", "run", 1, "--data", build, *SETTINGS, *more, before=before)
    (run,) = set(runs.runs_folder().glob("*")) - known
    return run


def resumed(run: Path) -> None:
    done = agp("train", "resume", run)
    assert done.returncode == 0, done.stderr
    assert runs.summary(run)["state"] == "finished"


def numbers(run: Path) -> list[Any]:
    """Return all that a run leaves: tensors of `best` and `last`, and every line of metrics."""
    found: list[Any] = []
    for name in ("best", "last"):
        checkpoint.verify(run / name)
        for file in ("adapters.safetensors", "optimizer.safetensors"):
            loaded: Any = mx.load(str(run / name / file))
            found += [(name, k, v.tolist()) for k, v in sorted(loaded.items())]
    timed = ("seconds", "peak_mb")
    return found + [{k: v for k, v in m.items() if k not in timed} for m in runs.metrics(run)]


UNDISTURBED: list[Any] = []


@pytest.fixture(autouse=True)
def one_blas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every process compute with mlx's own BLAS: another one adds in another order."""
    monkeypatch.setenv("AGP_BLAS", "off")


@pytest.fixture
def whole(home: Path, build: Path) -> list[Any]:
    """Return what a run leaves that nobody disturbed; trained once."""
    if not UNDISTURBED:
        UNDISTURBED.extend(numbers(train(build)))
    return UNDISTURBED


@pytest.mark.slow
@pytest.mark.parametrize("phase", PHASES)
def test_kill(phase: str, home: Path, build: Path, whole: list[Any]):
    run = train(build, before=(*PHASES[phase], "SIGKILL"))
    assert runs.summary(run)["state"] == "interrupted"
    resumed(run)
    assert numbers(run) == whole


@pytest.mark.slow
def test_ctrl_c(home: Path, build: Path, whole: list[Any]):
    run = train(build, before=("train.stages.loop", "refuse_divergence", 3, "SIGINT"))
    facts = runs.summary(run)
    assert (facts["state"], facts["steps"]) == ("stopped", 3)
    resumed(run)
    assert numbers(run) == whole


@pytest.mark.slow
def test_two_runs_at_once(home: Path, build: Path, whole: list[Any]):
    command = [sys.executable, "-m", "agp", "train", "run", "1", "--data", str(build), *SETTINGS]
    children = [subprocess.Popen([*command, "--json"], stdout=subprocess.PIPE) for _ in range(2)]
    both = [json.loads(child.communicate()[0]) for child in children]
    assert [child.returncode for child in children] == [0, 0]
    assert both[0]["run_id"] != both[1]["run_id"]
    for result in both:
        assert numbers(Path(result["path"])) == whole
    listed = json.loads(agp("sql", "--json", "select run_id from v_runs").stdout)
    assert {r["run_id"] for r in both} <= {r["run_id"] for r in listed}


@pytest.mark.slow
def test_a_disk_that_fills(home: Path, build: Path):
    """No file may grow beyond a size between the adapter's and the optimizer's."""
    run = train(build, "max_steps=2", "rank=2")
    sizes = {f.name: f.stat().st_size for f in (run / "last").iterdir()}
    limit = (sizes["adapters.safetensors"] + sizes["optimizer.safetensors"]) // 2
    before = numbers(run)

    def small() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    facts = json.loads((run / "run.json").read_text())
    facts["settings"]["max_steps"] = 6
    (run / "run.json").write_text(json.dumps(facts))
    command = [sys.executable, "-m", "agp", "train", "resume", str(run)]
    done = subprocess.run(command, capture_output=True, text=True, preexec_fn=small)
    assert done.returncode == 2, done.stderr
    assert "cannot write a checkpoint" in done.stderr
    assert "Traceback" not in done.stderr
    assert [n for n in numbers(run) if isinstance(n, tuple)] == [
        n for n in before if isinstance(n, tuple)
    ]
    resumed(run)
