"""A short calibration in a process of its own: measured speed, memory, and the time a run takes.

The child (`python -m train.hosts.probe`) loads the model, trains a few steps on real batches, the
largest among them, writes one line of JSON and ends; nothing is kept of it.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from train.stages.stage import Request
from warehouse.errors import AgpError

PROMPTS = (2, 10)  # that are captured (stage 0)
STEPS = 4  # the first is not timed


def probe(request: Request, stage: int = 1, pack: str = "shipped") -> dict[str, Any]:
    """Return what the child measured; AgpError with its reason when it fails."""
    asked = {
        "stage": stage,
        "model": request.model,
        "data": request.data and str(request.data),
        "captures": [str(c) for c in request.captures],
        "parents": [str(p) for p in request.parents],
        "changes": list(request.changes),
        "pack": pack,
    }
    command = [sys.executable, "-m", "train.hosts.probe", json.dumps(asked)]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
    if done.returncode == -9:
        raise AgpError("the probe was killed, most likely for want of memory; see `changes`")
    raise AgpError(f"the probe failed: {said[-1].removeprefix('agp: ')}")


def measure(asked: dict[str, Any]) -> dict[str, Any]:
    """Train a few steps and return tokens/s, peak memory, and what the whole run would take."""
    import mlx.core as mx

    mx.reset_peak_memory()
    began = time.perf_counter()
    stage = started(asked)
    loaded = time.perf_counter() - began
    progress, seconds = run_steps(stage)
    steps = STEPS - 1
    began = time.perf_counter()
    stage.model.eval()
    stage.validate()
    validation = time.perf_counter() - began
    total, s = stage.total_steps(), stage.settings
    validations = 2 + total // s.evaluate_every
    return {
        "tokens_per_second": round(progress.tokens / seconds),
        "unit": "tokens" if asked["stage"] in (1, 5, 6) else "rows",
        "peak_bytes": mx.get_peak_memory(),
        "seconds_per_step": seconds / steps,
        "seconds_per_validation": validation,
        "steps": total,
        "seconds": loaded + total * seconds / steps + validations * validation,
    }


def started(asked: dict[str, Any]) -> Any:
    """Return a stage as a run begins it; the run's folder is removed again."""
    from train.stages.stage import start
    from train.stages.stage1 import Stage1, chosen_settings

    if asked["stage"] == 1:
        return Stage1(asked["model"], Path(asked["data"]), chosen_settings(asked["changes"]))
    request = Request(
        asked["model"],
        Path(asked["data"]) if asked["data"] else None,
        tuple(map(Path, asked["captures"])),
        tuple(map(Path, asked["parents"])),
        tuple(asked["changes"]),
    )
    run, stage = start(asked["stage"], request)
    shutil.rmtree(run)
    return stage


def instrument(asked: dict[str, Any]) -> dict[str, Any]:
    """Capture a few prompts into a home that is removed; return what the whole would take."""
    import mlx.core as mx

    from train.harness.packs import find_pack, load_pack
    from train.stages import captures

    folder = find_pack(asked["pack"])
    pack = load_pack(folder)
    every = sum(len(pack.split(s)) for s in captures.SPLITS)
    found = []
    with tempfile.TemporaryDirectory(prefix="agp-probe-") as home:
        os.environ["AGP_HOME"] = home
        for most in PROMPTS:  # two sizes: what a capture takes besides its prompts drops out
            began = time.perf_counter()
            wanted = captures.Wanted(asked["model"], folder, splits=("valid",), most=most)
            made = json.loads((captures.make(wanted) / "manifest.json").read_text())
            found.append((made["prompts"], made["rows"], time.perf_counter() - began))
    (few, rows, short), (more, most_rows, long) = found
    if more == few:
        raise AgpError(f"pack {pack.name} has too few valid prompts to measure on")
    each = max(0.0, long - short) / (more - few)
    return {
        "tokens_per_second": round((most_rows - rows) / max(1e-9, long - short)),
        "unit": "positions",
        "peak_bytes": mx.get_peak_memory(),
        "steps": every,
        "of": "prompts",
        "seconds": short + each * (every - few),
    }


def run_steps(stage: Any) -> tuple[Any, float]:
    """Return (progress, seconds) of the timed steps; the largest batch is in the untimed one."""
    import mlx.core as mx

    from train.stages import loop, training

    never = Path("/nonexistent")
    task = training.task(never, stage, lambda line, total: None, lambda: False)
    groups = stage.groups(0)
    if stage.number == 1:
        groups = sorted(groups, key=lambda g: -sum(len(stage.train[i].ids) for i in g))[:1] + groups
    wanted = STEPS * stage.settings.accumulate
    turns = iter((groups * (1 + wanted // len(groups)))[:wanted])
    progress, seconds = loop.Progress(), 0.0
    stage.model.train()
    for step in range(STEPS):
        began, before = time.perf_counter(), progress.tokens
        _, _, gradients = loop.step_gradients(task, stage.settings, progress, turns)
        stage.optimizer.update(stage.model, gradients)
        mx.eval(stage.model.trainable_parameters(), stage.optimizer.state)
        if step:
            seconds += time.perf_counter() - began
        else:
            progress.tokens = before
    return progress, seconds


def main() -> int:
    """Measure what the one argument asks for and print it."""
    asked = json.loads(sys.argv[1])
    try:
        found = instrument(asked) if asked["stage"] == 0 else measure(asked)
    except AgpError as error:
        error.show()
        return error.exit_code
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
