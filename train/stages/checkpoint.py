"""Checkpoints: folders that are whole or not there, every file under its checksum.

A folder is written beside its place, synced, and renamed; `last` and `best` are links that are
replaced in one step. So a kill at any moment leaves the one before.
"""

import json
import os
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.model.digest import file_sha256
from warehouse.errors import AgpError


def save(
    run: Path,
    step: int,
    arrays: Mapping[str, Mapping[str, mx.array]],
    documents: Mapping[str, Any],
    best: bool,
) -> Path:
    """Write `step-N` from arrays (file name → tensors) and JSON documents; move the links."""
    folder = run / "checkpoints" / f"step-{step:06d}"
    part = folder.with_name(folder.name + ".part")
    try:
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        for name, tensors in arrays.items():
            write_tensors(part / name, tensors)
        for name, value in documents.items():
            (part / name).write_text(json.dumps(value, indent=1) + "\n")
        sums = {f.name: file_sha256(f) for f in sorted(part.iterdir())}
        (part / "checksums.json").write_text(json.dumps(sums, indent=1) + "\n")
        for file in (*part.iterdir(), part):
            sync(file)
        if folder.exists():  # the same step, reached again after a resume
            shutil.rmtree(folder)
        os.replace(part, folder)
        sync(folder.parent)
        for name in ("best", "last") if best else ("last",):
            link(run / name, folder)
        forget(run)
    except (OSError, RuntimeError) as error:
        shutil.rmtree(part, ignore_errors=True)
        raise AgpError(
            f"cannot write a checkpoint in {run} ({error}); the one before is untouched; "
            f"make room and `agp train resume {run.name}`"
        ) from None
    return folder


def write_tensors(file: Path, tensors: Mapping[str, mx.array]) -> None:
    """Write a safetensors file: the same tensors in the same order give the same bytes."""
    mx.save_safetensors(str(file), dict(tensors), metadata={"format": "mlx"})


def link(name: Path, folder: Path) -> None:
    """Point a link at a checkpoint in one step."""
    temporary = name.with_name(f".{name.name}.{os.getpid()}")
    temporary.unlink(missing_ok=True)
    temporary.symlink_to(folder.relative_to(name.parent))
    os.replace(temporary, name)
    sync(name.parent)


def forget(run: Path) -> None:
    """Remove checkpoints that neither `best` nor `last` points at."""
    kept = {(run / name).resolve() for name in ("best", "last")}
    for folder in (run / "checkpoints").iterdir():
        if folder.resolve() not in kept:
            shutil.rmtree(folder, ignore_errors=True)


def sync(path: Path) -> None:
    """Bring a file or folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def digest(folder: Path) -> str:
    """Return the sha-256 over every file of a whole checkpoint: what names an artifact."""
    verify(folder)
    return file_sha256(folder / "checksums.json")


def verify(folder: Path) -> None:
    """Raise in one line unless every file of a checkpoint is as it was written."""
    try:
        sums = json.loads((folder / "checksums.json").read_bytes())
        bad = [name for name, value in sums.items() if file_sha256(folder / name) != value]
    except (OSError, ValueError) as error:
        raise AgpError(f"no whole checkpoint at {folder} ({error})") from None
    if bad:
        raise AgpError(
            f"checkpoint {folder.resolve()} is damaged: {', '.join(bad)} is not as it was written; "
            "resume from the other one with --from best or --from last, or run anew"
        )


def read(folder: Path) -> tuple[dict[str, dict[str, mx.array]], Callable[[str], Any]]:
    """Return a verified checkpoint's tensors by file, and a reader of its JSON documents."""
    verify(folder)
    arrays: dict[str, dict[str, mx.array]] = {}
    for name in json.loads((folder / "checksums.json").read_bytes()):
        if name.endswith(".safetensors"):
            loaded: Any = mx.load(str(folder / name))
            arrays[name] = loaded
    return arrays, lambda name: json.loads((folder / name).read_bytes())
