"""Reading builds back: an id or a folder in, its place, its rows and where they came from out."""

from importlib.resources import files
from itertools import islice
from pathlib import Path
from typing import Any

import orjson

from lanes.manifest import read_manifest
from warehouse.errors import AgpError
from warehouse.interrupt import read


def builds() -> list[dict[str, Any]]:
    """Return every registered build, the oldest first; `there` says whether its folder holds it."""
    query = (
        "select build_id, lane, rows, built_at, path from lane_builds order by built_at, build_id"
    )
    found = read(lambda con: con.sql(query).to_arrow_table().to_pylist())
    return [build | {"there": stands(build["build_id"], Path(build["path"]))} for build in found]


def stands(build_id: str, folder: Path) -> bool:
    """Return whether a folder holds this build and no other that was written over it."""
    try:
        return read_manifest(folder)["build_id"] == build_id
    except AgpError:
        return False


def find(build: str) -> tuple[Path, str]:
    """Return the folder and the id of a build named by a folder, an id or the start of one."""
    if (Path(build) / "manifest.json").exists():
        return Path(build), read_manifest(Path(build))["build_id"]
    fitting = [b for b in builds() if b["build_id"].startswith(build)]
    if len(fitting) != 1:
        problem = "several builds begin with" if fitting else "there is no build"
        raise AgpError(f"{problem} {build}; `agp lanes list` names them")
    if not fitting[0]["there"]:
        raise AgpError(f"{fitting[0]['path']} no longer holds it; build the lane again")
    return Path(fitting[0]["path"]), fitting[0]["build_id"]


def row_of(folder: Path, split: str, number: int) -> dict[str, Any]:
    """Return a row of a split by its number."""
    path = folder / f"{split}.jsonl"
    splits = read_manifest(folder)["splits"]
    if split not in splits or number >= splits[split]["rows"]:
        counts = ", ".join(f"{name} ({facts['rows']} rows)" for name, facts in splits.items())
        raise AgpError(f"there is no row {split}:{number}; this build has {counts}")
    with path.open("rb") as lines:
        return orjson.loads(next(islice(lines, number, None)))


def captured(folder: Path, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the rows of shards that a row's states lie in; none where no capture is behind it."""
    capture = read_manifest(folder)["parameters"].get("capture")
    if not capture:
        return []
    spans = row.get("spans", [row])
    query = (files("lanes") / "shard.sql").read_text(encoding="utf-8")
    values = [{"capture": capture["capture_id"], "prompt": span["prompt_id"]} for span in spans]
    return read(
        lambda con: [
            found
            for value in values
            for found in con.sql(query, params=value).to_arrow_table().to_pylist()
        ]
    )


def origin(build_id: str, split: str, number: int) -> list[dict[str, Any]]:
    """Return the records that a row was made of: exchange, message, file, ordinal, bytes."""
    query = (files("lanes") / "origin.sql").read_text(encoding="utf-8")
    values = {"build": build_id, "split": split, "row": number}
    return read(lambda con: con.sql(query, params=values).to_arrow_table().to_pylist())
