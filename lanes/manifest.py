"""The manifest of a build: what it was made of, a hash of every data file; no times or paths."""

import hashlib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson

from lanes.export import file_facts
from lanes.split import SPLITS
from warehouse.errors import AgpError

FORMAT = "agp-lane/1"


def manifest(
    lane: str,
    folder: Path,
    counts: Mapping[str, Counter[str]],
    parameters: Mapping[str, Any],
    rule_set: str,
    drops: Mapping[str, Any],
    redactions: Mapping[str, int],
) -> dict[str, Any]:
    """Return the manifest of the data files in a folder; `build_id` is the hash of its content."""
    splits = {
        name: {
            **dict(sorted(counts[name].items())),
            "files": [file_facts(folder / f"{name}.{kind}") for kind in ("jsonl", "parquet")],
        }
        for name in SPLITS
        if name in counts
    }
    listing = "".join(f"{f['sha256']}  {f['name']}\n" for s in splits.values() for f in s["files"])
    content = hashlib.sha256(listing.encode()).hexdigest()
    made_of = orjson.dumps([lane, content, rule_set, parameters], option=orjson.OPT_SORT_KEYS)
    return {
        "format": FORMAT,
        "lane": lane,
        "build_id": "b" + hashlib.blake2b(made_of, digest_size=8).hexdigest(),
        "content_sha256": content,
        "rule_set": rule_set,
        "parameters": parameters,
        "splits": splits,
        "empty_splits": [name for name in SPLITS if name not in counts],
        "left_out": drops,
        "redactions": dict(sorted(redactions.items())),
    }


def write_manifest(folder: Path, value: Mapping[str, Any]) -> None:
    """Write manifest.json."""
    data = orjson.dumps(value, option=orjson.OPT_INDENT_2) + b"\n"
    (folder / "manifest.json").write_bytes(data)


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return the manifest of a build folder."""
    try:
        value = orjson.loads((folder / "manifest.json").read_bytes())
    except (OSError, orjson.JSONDecodeError) as error:
        raise AgpError(f"{folder} holds no readable manifest.json; build the lane anew") from error
    written_by = value.get("format") if isinstance(value, dict) else None
    if written_by != FORMAT:
        raise AgpError(f"{folder} was not written by this program ({written_by})")
    return value
