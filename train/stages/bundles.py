"""Runs into a bundle: each stage's run brings a part, and all must be of one backbone."""

import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from train.model import bundle
from train.model.bundle import Backbone, Bundle, Source
from train.model.digest import model_digest, tokenizer_digest, weights_digest
from train.model.load import model_folder
from train.stages import checkpoint, runs
from train.stages.critical import left_out
from train.stages.fits import fits
from warehouse.errors import AgpError

ROLES = {1: "adapter", 2: "heads", 3: "depth", 4: "semantic", 5: "codec"}
JOINT = 6  # a run of it brings all parts
FILES = {  # of each role in the checkpoint of a joint run
    "adapter": ("adapters.safetensors", "adapter_config.json"),
    "heads": ("heads.safetensors", "heads.json"),
    "depth": ("depth.safetensors", "depth.json"),
    "semantic": ("semantic.safetensors", "semantic.json"),
    "codec": ("codec.safetensors", "codec.json"),
}
CERTIFICATE, LENS = "certificate.json", "lens.safetensors"


def collect(run_folders: Iterable[Path]) -> tuple[Backbone, dict[str, Source]]:
    """Return the backbone and the parts of some runs; AgpError where two bring one role.

    The adapter that the other parts were trained on comes with them, named or not; a semantic
    projection that was not shown to be of use stays out.
    """
    sources: dict[str, Source] = {}
    model = ""
    wanted = list(run_folders)
    useless = left_out(wanted)
    for run in with_adapters([run for run in wanted if run not in useless]):
        facts = runs.summary(run)
        model = facts["model"]
        for role, source in parts_of(run, facts).items():
            if role in sources:
                raise AgpError(f"two runs bring the {role} ({sources[role].run_id}, {run.name})")
            sources[role] = source
    if not sources:
        raise AgpError("a bundle needs at least one run; `agp runs list` names them")
    first = sources.get("adapter") or next(iter(sources.values()))
    backbone = Backbone(
        model=model, model_digest=first.model_digest, adapter_digest=first.adapter_digest
    )
    return backbone, sources


def with_adapters(run_folders: Sequence[Path]) -> list[Path]:
    """Return the runs, and before them the stage-1 runs that they were built upon.

    A joint run has an adapter of its own.
    """
    known = map(runs.summary, run_folders)
    bases = (facts.get("base_run_id") for facts in known if facts["stage"] != JOINT)
    found = [runs.find_run(base) for base in bases if base]
    return list(dict.fromkeys([*found, *run_folders]))


def parts_of(run: Path, facts: dict[str, Any]) -> dict[str, Source]:
    """Return what a run brings, by role; AgpError where it has no whole checkpoint."""
    role, best = ROLES.get(facts["stage"]), run / "best"
    if facts["stage"] == JOINT:
        return joint_parts(run, facts)
    if role is None:
        raise AgpError(f"run {run.name} of stage {facts['stage']} brings no part of a bundle")
    checkpoint.verify(best)
    digest = weights_digest(best / "adapters.safetensors") if role == "adapter" else None
    identity = facts.get("identity", facts)
    adapter = digest or identity.get("adapter_digest")
    common = (facts["model_digest"], adapter, run.name)
    more = tuple(f for f in (run / LENS,) if f.is_file())
    found = {role: Source(best, *common, more=more)}
    if (run / CERTIFICATE).is_file():
        found["thresholds"] = Source(run, *common, only=(run / CERTIFICATE,))
    return found


def joint_parts(run: Path, facts: dict[str, Any]) -> dict[str, Source]:
    """Return all that a joint run brings: its parts, and the thresholds that it certified anew."""
    best = run / "best"
    checkpoint.verify(best)
    common = (facts["model_digest"], weights_digest(best / FILES["adapter"][0]), run.name)
    found: dict[str, Source] = {}
    for role, names in FILES.items():
        files = tuple(best / name for name in names)
        if all(file.is_file() for file in files):
            lens = (run / LENS,) if role == "heads" and (run / LENS).is_file() else ()
            found[role] = Source(best, *common, only=(*files, *lens))
    if (run / CERTIFICATE).is_file():
        found["thresholds"] = Source(run, *common, only=(run / CERTIFICATE,))
    return found


def make(out: Path, run_folders: Iterable[Path]) -> Bundle:
    """Make a bundle of some runs; AgpError, and no folder, where the parts do not fit together."""
    backbone, sources = collect(run_folders)
    bundle.make(out, backbone, sources)
    try:
        return verify(out, None)
    except AgpError:
        shutil.rmtree(out)
        raise


def verify(folder: Path, model: str | None) -> Bundle:
    """Return a bundle that is whole and belongs to a model: the named one, or its own."""
    found = bundle.load(folder)
    backbone = model_folder(model or found.manifest.backbone.model)
    found.require(model_digest(backbone))
    fits(found, tokenizer_digest(backbone))
    return found
