"""The end of a walk: its runs become a bundle, and that is held against its stage 1 alone."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from train.harness.packs import pack_digest, read_about
from train.stages import bundles, evaluate_whole, kept_bundles, runs
from train.stages.critical import left_out
from train.stages.evaluations import Options
from train.stages.kept_bundles import Kept

KEYS = ("targets", "measures", "gates", "words", "tables", "ways", "energy")


def end(
    folder: Path,
    run_ids: Sequence[str],
    options: Options,
    begin: Callable[[int], None],
    tick: Callable[[], None],
) -> dict[str, Any]:
    """Make the walk's bundle in its folder and measure it, once; return what was found.

    `targets` is empty, and `words` says why, where nothing in it could make a difference.
    """
    kept = kept_bundles.keep(bundle_of(folder, run_ids))
    found = {"bundle": str(kept.bundle.folder), "bundle_id": kept.name}
    if "heads" not in kept.bundle.manifest.parts:
        kept_bundles.register(kept)
        said = "Nothing in it leaves early, for there are no heads: it runs as stage 1 alone does."
        return found | {"targets": [], "words": [said]}
    document = measured(kept, options) or evaluate_whole.evaluate(kept, options, begin, tick)
    return found | {k: document[k] for k in KEYS}


def bundle_of(folder: Path, run_ids: Sequence[str]) -> Path:
    """Return the bundle of some runs; it is made where it is not there yet."""
    parts = [runs.find_run(name) for name in run_ids]
    useless = left_out(parts)
    named = sorted(run.name for run in parts if run not in useless)
    out = folder / f"bundle-{hashlib.sha256(' '.join(named).encode()).hexdigest()[:8]}"
    if not out.exists():
        bundles.make(out, parts)
    return out


def measured(kept: Kept, options: Options) -> dict[str, Any] | None:
    """Return the evaluation of this very bundle on this pack, if there is one."""
    file = kept.folder / "evaluations" / f"{pack_digest(read_about(options.pack))}-test.json"
    found = runs.read_json(file) if file.exists() else {}
    return found if found.get("artifact_sha256") == kept.artifact else None
