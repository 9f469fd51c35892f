"""What a lane needs of a capture: which one, its labels, and its rows as temporary tables."""

from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from labelers import oracle
from lanes.lane import NotYet
from warehouse.errors import AgpError
from warehouse.home import agp_home

Connection = duckdb.DuckDBPyConnection
FACTS = ("capture_id", "model", "model_digest", "adapter_run_id", "pack", "pack_digest", "n_layers")


def newest(con: Connection, name: str, lane: str, exchanges: bool) -> str:
    """Return the id of the capture that is named, or of the newest one that will do.

    With `exchanges` it must be one whose prompts lead back to exchanges. NotYet names the command
    that makes one.
    """
    if name:
        return oracle.find(con, named(name, lane))
    query = (
        "select capture_id from captures c where not $exchanges or exists (from capture_prompts p "
        "where p.capture_id = c.capture_id and p.exchange_id is not null) "
        "order by captured_at desc, capture_id limit 1"
    )
    found = con.execute(query, {"exchanges": exchanges}).fetchall()
    if not found:
        what = "a capture of prompts of this history" if exchanges else "a capture"
        raise NotYet(f"the lane {lane} wants {what}", wanted_command(con, exchanges))
    return found[0][0]


def named(name: str, lane: str) -> str:
    """Return a capture's name; AgpError where a file is named instead."""
    if Path(name).suffix or Path(name).is_file():
        raise AgpError(
            f"{name} is no capture: the lane {lane} is made from captured forward passes alone; "
            "`agp captures list` names them"
        )
    return Path(name).name


def wanted_command(con: Connection, exchanges: bool) -> str:
    """Return the next command on the way to a capture."""
    if not exchanges:
        return "agp train capture"
    if packs := sorted((agp_home() / "packs").glob("*/pack.toml")):
        return f"agp train capture --pack {packs[-1].parent.name}"
    query = "select path from lane_builds where lane = 'sft' order by built_at desc limit 1"
    built = con.execute(query).fetchall()
    return f"agp packs build --data {built[0][0]}" if built else "agp lanes build sft"


def prepare_capture(con: Connection, capture_id: str, thresholds: Sequence[str]) -> dict[str, Any]:
    """Label a capture, make the tables `captured_spans` and `captured_states`, return its facts."""
    chosen = oracle.thresholds(thresholds)
    version = oracle.label(con, capture_id, chosen)
    lens = oracle.lens_of(con, capture_id, chosen.lens)
    query = (files("lanes") / "captured.sql").read_text(encoding="utf-8")
    values = {"capture": capture_id, "version": version, "lens": lens}
    for one in con.extract_statements(query):
        con.execute(one, {k: v for k, v in values.items() if k in one.named_parameters})
    facts = con.execute(
        f"select {', '.join(FACTS)} from captures where capture_id = ?", [capture_id]
    ).fetchall()[0]
    return {
        "capture": dict(zip(FACTS, facts, strict=True)),
        "labels": {"version": version, "lens": lens, "thresholds": chosen.model_dump()},
    }
