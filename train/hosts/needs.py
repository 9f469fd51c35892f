"""What a stage builds upon: given, found on this machine, or missing, with the command for it."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.model.digest import model_digest
from train.model.load import model_folder
from train.stages import runs
from train.stages.stage import Request
from warehouse.errors import AgpError

SPLITS = {2: ("heads", "valid", "calib"), 3: ("heads", "valid"), 5: ("heads", "valid")}
LANES = {1: "sft", 4: "semantic"}
PARTS = (2, 3, 5)  # of which a joint finetune needs one at the least, besides stage 1


@dataclass(frozen=True)
class Need:
    """One thing that a stage builds upon."""

    what: str
    found: str | None  # its id or folder; None: missing
    command: str  # what makes it
    must: bool = True

    def line(self) -> str:
        """Return it in one line.

        >>> Need("a capture", None, "agp train capture").line()
        'a capture: missing; make it with: agp train capture'
        """
        if self.found:
            return f"{self.what}: {self.found}"
        word = "missing" if self.must else "none, which may be"
        return f"{self.what}: {word}; make it with: {self.command}"


def needs(stage: int, model: str, given: Request) -> list[Need]:
    """Return what a stage builds upon, in the order in which it is made."""
    of_model = f" --model {model}" if model != "tiny" else ""
    found = []
    if stage in LANES:
        lane = LANES[stage]
        data = str(given.data) if given.data else None
        found.append(
            Need(f"a dataset ({lane})", data, f"agp lanes build {lane}, then --data BUILD")
        )
    tuned = newest(1, model, given) if stage >= 2 else None
    if stage >= 2:
        adapter = f"agp train run 1{of_model} --data BUILD"
        found.insert(0, Need("the adapter, stage 1", name_of(tuned), adapter, must=stage == 6))
    if stage in SPLITS:
        on = f" --adapter {tuned.name}" if tuned else ""
        splits = ",".join(SPLITS[stage])
        made = f"agp train capture{of_model}{on} --splits {splits}"
        found.append(Need(f"a capture ({splits})", capture_of(stage, model, given), made))
    if stage == 5:
        heads = name_of(newest(2, model, given))
        said = f"agp train run 2 --capture CAPTURE{of_model}"
        found.append(Need("heads for the context, stage 2", heads, said, must=False))
    if stage == 6:
        base = tuned.name if tuned else None
        parts = {part: name_of(newest(part, model, given, base)) for part in PARTS}
        for part, name in parts.items():
            said = f"agp train run {part} --capture CAPTURE{of_model}"
            found.append(Need(f"stage {part}", name, said, must=not any(parts.values())))
    return found


def name_of(run: Path | None) -> str | None:
    """Return a run's id."""
    return run.name if run else None


def newest(stage: int, model: str, given: Request, base: str | None = None) -> Path | None:
    """Return the run of a stage that is named, or else the newest finished one of the model.

    With `base`, a run of stage 1, only what was trained on that one counts.
    """
    for run in given.parents:
        if runs.summary(run)["stage"] == stage:
            return run
    digest = digest_of(model)
    for facts in runs.all_runs():
        done = facts["state"] in ("finished", "early")
        same = facts.get("model_digest") == digest and base in (None, facts.get("base_run_id"))
        if facts["stage"] == stage and done and same:
            return runs.find_run(facts["run_id"])
    return None


def capture_of(stage: int, model: str, given: Request) -> str | None:
    """Return the capture that is named, or the newest of the model that holds the splits."""
    if given.captures:
        return given.captures[0].name
    digest = digest_of(model)
    known = sorted(runs.captures_folder().glob("*/manifest.json"), key=lambda f: -f.stat().st_mtime)
    for file in known:
        facts = read_manifest(file.parent)
        if facts["model_digest"] == digest and set(SPLITS[stage]) <= set(facts["splits"]):
            return file.parent.name
    return None


def digest_of(model: str) -> str | None:
    """Return a model's digest; None where it does not lie here."""
    try:
        return (
            model_digest(model_folder(model)) if model == "tiny" or Path(model).exists() else None
        )
    except AgpError:
        return None


def request_with(stage: int, given: Request, found: list[Need]) -> Request:
    """Return the request with what was found put in where nothing was named."""
    named: dict[str, Any] = {n.what: n.found for n in found if n.found}
    capture = next((named[w] for w in named if w.startswith("a capture")), None)
    parents = given.parents
    if stage == 5 and not parents and (heads := named.get("heads for the context, stage 2")):
        parents = (runs.find_run(heads),)
    if stage == 6:
        parents = tuple(runs.find_run(n.found) for n in found if n.found)
    where = (runs.find_capture(capture),) if capture else given.captures
    return Request(given.model, given.data, where, parents, given.changes)
