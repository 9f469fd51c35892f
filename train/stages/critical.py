"""Which semantic projections count: what an evaluation found stands in the run's state."""

from collections.abc import Iterable
from pathlib import Path

from train.stages import runs

SEMANTIC = 4  # the stage that has to show its use before anything builds on it


def on_critical_path(run: Path) -> bool:
    """Say whether a stage-4 run was shown to be of use; later stages leave it out where not."""
    facts = runs.summary(run)
    return facts["stage"] == SEMANTIC and bool(facts.get("critical"))


def stamp(run: Path, critical: bool, why: str) -> None:
    """Write into a run's state whether it is on the critical path, and why."""
    file = run / "state.json"
    state = runs.read_json(file) if file.exists() else {"state": "new", "reason": ""}
    runs.write_json(file, state | {"critical": critical, "critical_because": why})


def left_out(run_folders: Iterable[Path]) -> dict[Path, str]:
    """Return the runs of a semantic projection that nothing is to be built on, and why."""
    found = {run: runs.summary(run) for run in run_folders}
    return {
        run: facts.get("critical_because", "its use was never measured")
        for run, facts in found.items()
        if facts["stage"] == SEMANTIC and not facts.get("critical")
    }
