"""Bundles that AGP keeps itself, named by their digest, and which of them is current.

`$AGP_HOME/shelf/DIGEST` is a whole bundle; `$AGP_HOME/current.json` names one of them. Nothing
here is ever changed in place, so going back is naming the one before.
"""

import os
import shutil
from collections.abc import Iterable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from train.model import bundle
from train.model.bundle import Bundle
from train.model.digest import model_digest
from train.model.load import model_folder
from train.stages import bundles, runs
from train.stages.bundles import JOINT
from warehouse.errors import AgpError
from warehouse.home import agp_home


def shelf() -> Path:
    """Return where bundles are kept."""
    return agp_home() / "shelf"


def pointer() -> Path:
    """Return the file that names the current bundle."""
    return agp_home() / "current.json"


def keep(run_folders: Iterable[Path]) -> Bundle:
    """Make a bundle of some runs and keep it under its digest; one that is there is read anew."""
    shelf().mkdir(parents=True, exist_ok=True)
    new = shelf() / f".new.{os.getpid()}"
    shutil.rmtree(new, ignore_errors=True)
    try:
        made = bundles.make(new, run_folders)
        place = shelf() / made.manifest.digest
        if not place.exists():
            os.replace(new, place)
    finally:
        shutil.rmtree(new, ignore_errors=True)
    return bundle.load(place)


def take(digest: str) -> Bundle:
    """Return a kept bundle; AgpError where it is gone, not whole, or no longer the one named."""
    folder = shelf() / digest
    if not folder.is_dir():
        raise AgpError(
            f"bundle {digest} is no longer in {shelf()}; `agp bundle use RUN...` makes it"
        )
    found = bundle.load(folder)
    if found.manifest.digest != digest:
        raise AgpError(f"{folder} holds bundle {found.manifest.digest}; make {digest} again")
    return found


def current() -> dict[str, Any] | None:
    """Return what the pointer says: digest, path, runs, since; None where nothing is current."""
    return runs.read_json(pointer()) if pointer().exists() else None


def kept() -> list[dict[str, Any]]:
    """Return every kept bundle, the newest first: digest, path, model, parts, current."""
    now = (current() or {}).get("digest")
    files = sorted(shelf().glob(f"[0-9a-f]*/{bundle.MANIFEST}"), key=lambda f: -f.stat().st_mtime)
    found = []
    for file in files:
        manifest = bundle.read_manifest(file.parent)
        digest = manifest.digest
        about = {"digest": digest, "path": str(file.parent), "model": manifest.backbone.model}
        found.append(about | {"parts": ", ".join(manifest.parts), "current": digest == now})
    return found


def use(found: Bundle) -> dict[str, Any]:
    """Make a bundle current, after checking that the model it belongs to is there; return so."""
    found.require(model_digest(model_folder(found.manifest.backbone.model)))
    document = {
        "digest": found.manifest.digest,
        "path": str(found.folder.absolute()),
        "runs": {role: part.run_id for role, part in found.manifest.parts.items()},
        "since": datetime.now(UTC).isoformat(timespec="seconds"),
    }
    runs.write_json(pointer(), document)
    return document


def before(run: Path) -> Bundle:
    """Return the bundle that a joint finetune began from, with every part that it had then."""
    facts = runs.summary(run)
    if facts["stage"] != JOINT:
        raise AgpError(
            f"{run.name} is a run of stage {facts['stage']}; only stage 6 is rolled back"
        )
    found = take(facts["before"]["digest"])
    if missing := set(facts["before"]["parts"]) - set(found.manifest.parts):
        raise AgpError(
            f"{found.folder} lacks {', '.join(sorted(missing))}; it cannot be gone back to"
        )
    return found


def rollback(run: Path | None) -> dict[str, Any]:
    """Make current what a joint finetune began from: that of a run, or of the current bundle."""
    return use(before(run or joint_run()))


def joint_run() -> Path:
    """Return the stage-6 run that the current bundle is of; AgpError where it is of none."""
    document = current()
    if document is None:
        raise AgpError("no bundle is current; name the run to go back from: agp rollback RUN")
    run = runs.find_run(document["runs"]["adapter"])
    if runs.summary(run)["stage"] != JOINT:
        raise AgpError(
            f"the current bundle {document['digest']} is of no joint finetune; name a run of "
            "stage 6 to go back from"
        )
    return run
