"""Run folders under `$AGP_HOME/runs`: what ran, on what, how it went; the warehouse gets a copy."""

import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from warehouse.errors import AgpError
from warehouse.home import agp_home


def runs_folder() -> Path:
    """Return where runs are kept."""
    return agp_home() / "runs"


def new_run(stage: int, facts: dict[str, Any]) -> Path:
    """Make a run's folder with run.json; its name tells stage and time."""
    now = datetime.now(UTC)
    run_id = f"s{stage}-{now:%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    run = runs_folder() / run_id
    run.mkdir(parents=True)
    started = now.isoformat(timespec="seconds")
    write_json(run / "run.json", {"run_id": run_id, "stage": stage, "started_at": started, **facts})
    return run


def find_run(name: str) -> Path:
    """Return a run's folder from its id, a unique beginning of it, or its path."""
    if (Path(name) / "run.json").is_file():
        return Path(name).absolute()
    found = [p.parent for p in runs_folder().glob("*/run.json") if p.parent.name.startswith(name)]
    if len(found) != 1:
        what = "no run" if not found else f"{len(found)} runs"
        raise AgpError(f"{what} named {name!r}; `agp runs list` names them")
    return found[0]


def must_be(name: str) -> None:
    """Raise unless a run, or anything at a path, has this name.

    A command asks first: what it imports then takes seconds.
    """
    if not Path(name).exists():
        find_run(name)


def captures_folder() -> Path:
    """Return where captures are kept."""
    return agp_home() / "captures"


def find_capture(name: str) -> Path:
    """Return a capture's folder from its path or a unique beginning of its id."""
    if (Path(name) / "manifest.json").is_file():
        return Path(name)
    found = [p.parent for p in captures_folder().glob(f"{name}*/manifest.json")]
    if len(found) != 1:
        what = "no finished capture" if not found else f"{len(found)} captures"
        raise AgpError(f"{what} named {name!r}; `agp captures list` names them")
    return found[0]


def write_json(file: Path, value: Any) -> None:
    """Write a JSON file in one step."""
    part = file.with_name(f".{file.name}.{os.getpid()}")
    part.write_text(json.dumps(value, indent=1, default=str) + "\n")
    os.replace(part, file)


def read_json(file: Path) -> dict[str, Any]:
    """Return a JSON file of a run; AgpError where it is no JSON."""
    try:
        return json.loads(file.read_bytes())
    except (OSError, ValueError) as error:
        raise AgpError(f"cannot read {file} ({error})") from None


@contextmanager
def held(run: Path) -> Iterator[None]:
    """Hold a run against a second process; AgpError when one has it."""
    with (run / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AgpError(f"run {run.name} is being trained by another process") from None
        yield


def is_held(run: Path) -> bool:
    """Say whether a process is training this run."""
    try:
        with held(run):
            return False
    except AgpError:
        return True


def set_state(run: Path, state: str, reason: str = "", **facts: Any) -> None:
    """Write how a run stands."""
    write_json(run / "state.json", {"state": state, "reason": reason, "at": time.time(), **facts})


def summary(run: Path) -> dict[str, Any]:
    """Return a run in one row: settings, state, numbers. A killed run is `interrupted`."""
    facts = read_json(run / "run.json")
    state = read_json(run / "state.json") if (run / "state.json").exists() else {"state": "new"}
    if state["state"] in ("running", "new") and not is_held(run):
        state["state"] = "interrupted"
    return {**facts, **state, "path": str(run)}


def all_runs() -> list[dict[str, Any]]:
    """Return every run, the newest first."""
    folders = sorted((p.parent for p in runs_folder().glob("*/run.json")), reverse=True)
    return sorted((summary(f) for f in folders), key=lambda r: r["started_at"], reverse=True)


def append_metric(run: Path, value: dict[str, Any]) -> None:
    """Add a line to metrics.jsonl."""
    with (run / "metrics.jsonl").open("a") as file:
        file.write(json.dumps(value) + "\n")


def metrics(run: Path) -> list[dict[str, Any]]:
    """Return metrics.jsonl; a half-written last line is left out."""
    file = run / "metrics.jsonl"
    values = []
    for line in file.read_text().splitlines() if file.exists() else []:
        try:
            values.append(json.loads(line))
        except ValueError:
            continue
    return values


def cut_metrics(run: Path, step: int) -> None:
    """Drop what was measured after the checkpoint that a resumed run begins at."""
    kept = [m for m in metrics(run) if m["step"] <= step]
    part = run / ".metrics.jsonl"
    part.write_text("".join(json.dumps(m) + "\n" for m in kept))
    os.replace(part, run / "metrics.jsonl")
