"""Shards of captured states: arrays in, safetensors files out, each whole or not there at all.

Beside a shard stands its note (rows, sha-256); a shard without one was cut off and is made again.
"""

import json
import os
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.model.digest import file_sha256
from warehouse.errors import AgpError

Arrays = dict[str, mx.array]


def shard_path(folder: Path, number: int, kind: str = "shard") -> Path:
    """Return where a shard lies; `kind` begins its name."""
    return folder / f"{kind}-{number:05}.safetensors"


def write_shard(
    folder: Path, number: int, arrays: Arrays, facts: dict[str, Any], kind: str = "shard"
) -> dict[str, Any]:
    """Write a shard, then its note; return the note."""
    path = shard_path(folder, number, kind)
    part = path.with_name(f".{kind}-{number:05}.{os.getpid()}.safetensors")
    mx.save_safetensors(str(part), arrays)
    note = {"shard": path.name, "sha256": file_sha256(part), **facts}
    os.replace(part, path)
    beside = path.with_suffix(".json")
    half = beside.with_name(f".{beside.name}.{os.getpid()}")
    half.write_text(json.dumps(note) + "\n", encoding="utf-8")
    os.replace(half, beside)
    return note


def finished_shard(folder: Path, number: int, kind: str = "shard") -> dict[str, Any] | None:
    """Return the note of a shard that is whole; None where it must be made (again)."""
    path = shard_path(folder, number, kind)
    try:
        note = json.loads(path.with_suffix(".json").read_bytes())
        return note if file_sha256(path) == note["sha256"] else None
    except (OSError, ValueError, KeyError):
        return None


def read_shard(folder: Path, note: dict[str, Any]) -> Arrays:
    """Return a shard's arrays; AgpError where its bytes are not those that were written."""
    path = folder / note["shard"]
    try:
        if file_sha256(path) != note["sha256"]:
            raise AgpError(f"{path} is damaged; remove it and run the same capture again")
        found = mx.load(str(path))
    except (OSError, RuntimeError) as error:
        raise AgpError(f"cannot read {path} ({error}); run the same capture again") from None
    assert isinstance(found, dict)
    return found
