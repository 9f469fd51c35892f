"""Where the parts of one generation lie: runs or a bundle in, folders that belong together out."""

from dataclasses import dataclass
from pathlib import Path

from train.model.bundle import Bundle
from train.model.digest import model_digest
from train.model.load import model_folder
from train.stages import bundles, certified, checkpoint, runs
from warehouse.errors import AgpError


@dataclass(frozen=True)
class HeadsPart:
    """A set of heads: its weights, the lenses that its scalars were read through, its thresholds.

    `name` is what an error calls it.
    """

    name: str
    folder: Path
    lens: Path
    certificate: Path


@dataclass(frozen=True)
class Parts:
    """What was trained around one model; None where there is no such part."""

    adapter: Path | None = None  # folder with adapters.safetensors
    depth: Path | None = None
    heads: HeadsPart | None = None


def of_bundle(folder: Path, model: str) -> Parts:
    """Return the parts of a bundle that is whole, fits together, and is of the named model."""
    found = bundles.verify(folder, model)
    held = found.manifest.parts
    heads = None
    if "heads" in held:
        lens = found.part("heads") / bundles.LENS
        heads = HeadsPart(str(folder), found.part("heads"), lens, certificate_of(found))
    return Parts(
        found.part("adapter") if "adapter" in held else None,
        found.part("depth") if "depth" in held else None,
        heads,
    )


def certificate_of(found: Bundle) -> Path:
    """Return the file of a bundle's thresholds; without thresholds it is not there."""
    return found.folder / "thresholds" / bundles.CERTIFICATE


def of_runs(names: tuple[str, ...], heads: str | None, model: str) -> Parts:
    """Return the parts of runs of stages 1 and 3, and of the heads' run of stage 2."""
    found: dict[int, Path] = {}
    for name in names:
        run = runs.find_run(name)
        stage = runs.summary(run)["stage"]
        if stage not in (1, 3):
            raise AgpError(f"{run.name} is a run of stage {stage}; --run takes stages 1 and 3")
        if stage in found:
            raise AgpError(f"{found[stage].name} and {run.name} are both of stage {stage}")
        if not (run / "best").exists():
            raise AgpError(f"run {run.name} has no checkpoint yet; `agp train resume {run.name}`")
        checkpoint.verify(run / "best")
        found[stage] = run
    adapter = adapter_of(model, found[1]) / "best" if 1 in found else None
    return Parts(
        adapter,
        found[3] / "best" if 3 in found else None,
        heads_of(heads) if heads else None,
    )


def adapter_of(model: str, run: Path) -> Path:
    """Return a stage-1 run; AgpError where it is of another model."""
    facts = runs.summary(run)
    if facts["model_digest"] != model_digest(model_folder(model)):
        raise AgpError(f"run {run.name} is of {facts['model']}, not of {model}")
    return run


def heads_of(name: str) -> HeadsPart:
    """Return the heads of a stage-2 run."""
    run = runs.find_run(name)
    if runs.summary(run)["stage"] != 2 or not (run / "best").exists():
        raise AgpError(f"run {run.name} has no heads; --heads takes a run of stage 2")
    checkpoint.verify(run / "best")
    return HeadsPart(f"run {run.name}", run / "best", run / bundles.LENS, run / certified.FILE)
