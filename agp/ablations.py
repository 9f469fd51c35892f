"""Ablations that were made: a document into a folder and a row, and both back out."""

import hashlib
import json
from pathlib import Path
from typing import Any

import orjson

from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.interrupt import read
from warehouse.store import open_writer

WAIT = 30.0  # seconds for another writer to finish
NAMES = ("ablation_id", "rules", "model", "split", "n", "value", "low", "high", "verdict")


def keep(document: dict[str, Any]) -> dict[str, Any]:
    """Write a document below the home and its row into the warehouse; return it with its id."""
    body = orjson.dumps(document)
    name = f"a-{hashlib.sha256(body).hexdigest()[:12]}"
    folder = agp_home() / "ablations" / name
    folder.mkdir(parents=True, exist_ok=True)
    made = {"ablation_id": name, **document}
    (folder / "ablation.json").write_text(json.dumps(made, indent=1) + "\n", encoding="utf-8")
    rows, tokens = document["rows"], document["tokens"]
    whole = document.get("difference", {})
    values = [
        *(name, document["rules"], document["lane"], document["model"]),
        *(rows[side].get("train", {}).get("rows", 0) for side in ("with", "without")),
        *(tokens[side] for side in ("with", "without")),
        *(document["pack"], document["split"], len(document["seeds"])),
        *(whole.get(key) for key in ("value", "low", "high")),
        *(document["n"], document["verdict"], document["made_at"], str(folder)),
    ]
    with open_writer(wait=WAIT, create=False) as con:
        marks = ", ".join("?" * len(values))
        con.execute(f"insert or replace into ablations values ({marks})", values)
    return made


def listed() -> list[dict[str, Any]]:
    """Return every ablation, the newest first."""
    query = f"select {', '.join(NAMES)} from v_ablations order by made_at desc, ablation_id"
    return read(lambda con: con.sql(query).to_arrow_table().to_pylist())


def find(name: str) -> dict[str, Any]:
    """Return a document by its id or the beginning of one."""
    found = sorted((agp_home() / "ablations").glob(f"{glob_safe(name)}*/ablation.json"))
    if len(found) != 1:
        what = "no ablation" if not found else f"{len(found)} ablations"
        raise AgpError(f"{what} named {name!r}; `agp filters ablations` lists them")
    return json.loads(Path(found[0]).read_bytes())


def glob_safe(name: str) -> str:
    """Return a name without what a pattern or a path would read otherwise.

    >>> glob_safe("a-12*/.."), glob_safe("a-1f")
    ('a-12', 'a-1f')
    """
    return "".join(c for c in name if c.isalnum() or c == "-")
