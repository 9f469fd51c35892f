"""The random-subset baseline of stage 1: a run in, a run on fewer rows and as many steps out.

If the whole dataset teaches no more than some of it drawn at random, its size has shown nothing; if
what the rules chose teaches no more than as much that nobody chose, neither have the rules.
"""

import hashlib
import shutil
from pathlib import Path
from random import Random
from typing import Any

import orjson

from train.stages import runs, stage1
from train.stages.samples import rows
from train.stages.stage import Request
from warehouse.errors import AgpError
from warehouse.home import agp_home


def start_subset(run: Path, data: Path | None, share: float, seed: int) -> tuple[Path, Any]:
    """Load what the baseline of `run` needs and make its folder; AgpError where it cannot be."""
    facts = runs.summary(run)
    if not facts.get("steps"):
        raise AgpError(f"run {run.name} has no steps yet; `agp train resume {run.name}`")
    own = Path(facts["data"])
    folder, drawn = draw(own, data or own, share, seed)
    settings = {**facts["settings"], "max_steps": facts["steps"], "seed": seed, "patience": 0}
    model = facts["model"] if facts["model"] == "tiny" else facts["model_path"]
    changes = tuple(f"{k}={v}" for k, v in settings.items())
    made, stage = stage1.start(Request(model, folder, changes=changes))
    about = {"of": facts["run_id"], "source": str(data or own), "share": share, "seed": seed}
    runs.write_json(made / "subset.json", about | drawn)
    return made, stage


def draw(own: Path, source: Path, share: float, seed: int) -> tuple[Path, dict[str, int]]:
    """Write random rows of a dataset as a dataset; return its folder and how many rows it has.

    They hold as many characters as `share` of the train split of `own`, whose validation split is
    taken over as it is.
    """
    lines = [orjson.dumps(row) for _, row in rows(source, "train")]
    most = share * sum(len(orjson.dumps(row)) for _, row in rows(own, "train"))
    taken: list[bytes] = []
    for line in Random(seed).sample(lines, len(lines)):
        if taken and sum(map(len, taken)) + len(line) > most:
            break
        taken.append(line)
    body = b"".join(line + b"\n" for line in taken)
    folder = agp_home() / "subsets" / hashlib.sha256(body).hexdigest()[:16]
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "train.jsonl").write_bytes(body)
    shutil.copyfile(own / "valid.jsonl", folder / "valid.jsonl")
    return folder, {"rows": len(taken), "of_rows": len(lines)}
