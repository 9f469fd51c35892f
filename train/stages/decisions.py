"""Decisions that were kept: a name in, records out. Nothing that runs a model is loaded."""

from pathlib import Path
from typing import Any

from train.stages.runs import read_json
from warehouse.errors import AgpError
from warehouse.home import agp_home


def promotions_folder() -> Path:
    """Return where records are kept."""
    return agp_home() / "promotions"


def all_promotions() -> list[dict[str, Any]]:
    """Return every record, the newest first."""
    files = promotions_folder().glob("p*/record.json")
    return sorted(map(read_json, files), key=lambda r: r["decided_at"], reverse=True)


def find_promotion(name: str) -> dict[str, Any]:
    """Return a record by its id or a unique beginning of it, or by its run."""
    every = all_promotions()
    found = [r for r in every if r["promotion_id"].startswith(name)]
    found = found or [r for r in every if r["run_id"] == name][:1]
    if len(found) != 1:
        what = "no promotion" if not found else f"{len(found)} promotions"
        raise AgpError(f"{what} named {name!r}; `agp promotions list` names them")
    return found[0]
