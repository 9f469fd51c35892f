"""The audit of a build: its files in, counts of what they really hold out."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

from lanes.contamination import overlaps, told, units
from lanes.export import file_facts
from lanes.lane import lane_named
from lanes.manifest import read_manifest

CUTS = ("cut tools", "cut prompt")


def audit(folder: Path) -> dict[str, Any]:
    """Return, by split, rows, rows without any loss, shares, lengths and cuts; and a verdict."""
    made = read_manifest(folder)
    lane = lane_named(made["lane"])
    splits = {
        name: audit_split(folder / f"{name}.parquet", lane.audit)
        | {cut: facts.get(cut, 0) for cut in CUTS}
        for name, facts in made["splits"].items()
    }
    changed = changed_files(folder, made)
    masked = sum(facts["fully_masked"] for facts in splits.values())
    wrong = [f"{', '.join(changed)} changed since the build"] if changed else []
    wrong += [f"{masked} rows earn no loss at all"] if masked else []
    crossing = told([] if changed else overlaps(units(folder)))
    wrong += [
        f"{n} exchanges repeat one of another split" for n in [len(crossing["exchanges"])] if n
    ]
    return {
        "build_id": made["build_id"],
        "lane": made["lane"],
        "audited": lane.audited,
        "supervised": lane.supervised,
        "splits": splits,
        "left_out": made["left_out"]["reasons"],
        "missing": made.get("missing", []),
        "changed": changed,
        "contamination": crossing,
        "verdict": "; ".join(wrong)
        or "every row earns loss, every file has its hash, no split repeats another",
    }


def audit_split(path: Path, statement: str) -> dict[str, Any]:
    """Return the counts of one split, read from its Parquet file a batch at a time.

    `statement` is a lane's: rows, fully_masked, chars and supervised_chars (or how many targets
    there are and how many of them are known), context, lengths, and balance where there are labels.
    """
    query = (files("lanes") / statement).read_text(encoding="utf-8")
    with duckdb.connect() as con:
        facts = con.sql(query, params={"path": str(path)}).to_arrow_table().to_pylist()[0]
    share, chars = facts.pop("supervised_chars"), facts.pop("chars")
    facts["supervised"] = f"{share / max(chars, 1):.0%}"
    facts["lengths"] = {str(top): rows for top, rows in facts.pop("lengths")}
    facts["balance"] = dict(facts.get("balance") or ())
    return facts


def changed_files(folder: Path, made: dict[str, Any]) -> list[str]:
    """Return the names of data files that are gone or no longer have the hash of the manifest."""
    wanted = [file for split in made["splits"].values() for file in split["files"]]
    return [
        file["name"]
        for file in wanted
        if not (folder / file["name"]).exists() or file_facts(folder / file["name"]) != file
    ]
