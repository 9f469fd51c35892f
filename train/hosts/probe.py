"""A short calibration in a process of its own: measured speed, memory, and the time a run takes.

The child (`python -m train.hosts.probe`) loads the model, trains a few steps on real batches, the
largest among them, writes one line of JSON and ends; nothing is kept of it.
"""

import json
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from warehouse.errors import AgpError

STEPS = 4  # the first is not timed


def probe(model: str, data: Path, changes: list[str]) -> dict[str, Any]:
    """Return what the child measured; AgpError with its reason when it fails."""
    request = json.dumps({"model": model, "data": str(data), "changes": changes})
    command = [sys.executable, "-m", "train.hosts.probe", request]
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode == 0:
        return json.loads(done.stdout.splitlines()[-1])
    said = done.stderr.strip().splitlines() or [f"it ended with status {done.returncode}"]
    if done.returncode == -9:
        raise AgpError("the probe was killed, most likely for want of memory; see `changes`")
    raise AgpError(f"the probe failed: {said[-1].removeprefix('agp: ')}")


def measure(model: str, data: Path, changes: list[str]) -> dict[str, Any]:
    """Train a few steps and return tokens/s, peak memory, and what the whole run would take."""
    import mlx.core as mx

    from train.stages.stage1 import Stage1, chosen_settings

    began = time.perf_counter()
    stage = Stage1(model, data, chosen_settings(changes))
    loaded = time.perf_counter() - began
    mx.reset_peak_memory()
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
        "peak_bytes": mx.get_peak_memory(),
        "seconds_per_step": seconds / steps,
        "seconds_per_validation": validation,
        "steps": total,
        "seconds": loaded + total * seconds / steps + validations * validation,
    }


def run_steps(stage: Any) -> tuple[Any, float]:
    """Return (progress, seconds) of the timed steps; the largest batch is in the untimed one."""
    import mlx.core as mx

    from train.stages import loop, training

    never = Path("/nonexistent")
    task = training.task(never, stage, lambda line, total: None, lambda: False)
    groups = sorted(stage.groups(0), key=lambda g: -sum(len(stage.train[i].ids) for i in g))
    spread = groups[:1] + stage.groups(0)
    wanted = STEPS * stage.settings.accumulate
    turns = iter((spread * (1 + wanted // len(spread)))[:wanted])
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
    request = json.loads(sys.argv[1])
    try:
        found = measure(request["model"], Path(request["data"]), request["changes"])
    except AgpError as error:
        error.show()
        return error.exit_code
    print(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
