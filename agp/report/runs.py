"""Runs and captures as the report shows them: what their folders hold, for curves and maps."""

from pathlib import Path
from typing import Any

import duckdb

from agp.report.ask import ask
from warehouse.errors import AgpError

MAPS = 3  # the newest captures
SPLIT = "valid"


def runs(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return every run with its losses and evaluations; one whose folder is gone has none."""
    from train.stages.runs import metrics, read_json

    found = ask(con, "runs")
    for run in found:
        folder = Path(run["path"])
        files = sorted((folder / "evaluations").glob("*.json"))
        run["metrics"] = metrics(folder)
        documents = [read_json(file) for file in files]
        run["documents"] = [{"plots": d.get("plots")} for d in documents if d.get("plots")]
    return found


def layer_maps(con: duckdb.DuckDBPyConnection) -> list[dict[str, Any]]:
    """Return the map of layers of the newest captures: a row a layer and lens, exits by layer."""
    captures = ask(con, "captures")[:MAPS]
    if not captures:
        return []
    from train.stages.stage0 import report  # with all that runs a model

    maps = []
    for capture in captures:
        try:
            found = report(Path(capture["path"]), SPLIT)
        except (AgpError, duckdb.Error, OSError):  # its folder is gone, or holds none of the split
            maps.append({**capture, "layers": [], "exits": []})
            continue
        maps.append({**capture, "layers": found.layers, "exits": sorted(found.exits.items())})
    return maps
