"""A bundle: one folder that holds all that was trained around a backbone, and fits together.

`bundle.json` names the backbone by its digest and lists the parts by role, every file with its
sha-256. A bundle is taken as a whole or not at all: nothing missing, nothing besides, nothing of
another backbone, no path that leads out, and no kind of file that could run code.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from train.model.digest import file_sha256
from warehouse.complaints import complaint
from warehouse.errors import AgpError

MANIFEST = "bundle.json"
KINDS = (".safetensors", ".json")
ROLES = ("adapter", "heads", "depth", "semantic", "codec", "thresholds")
NOT_KEPT = ("optimizer.safetensors", "progress.json", "checksums.json")
HEX16 = r"^[0-9a-f]{16}$"


class Strict(BaseModel):
    """Keys that nobody knows are errors."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Backbone(Strict):
    """What every part was trained on: a model and the adapter that bends it, if any."""

    model: str
    model_digest: str = Field(pattern=HEX16)
    adapter_digest: str | None = Field(default=None, pattern=HEX16)


class Part(Strict):
    """Files of one role: their names within the part's folder, and their sha-256."""

    run_id: str | None = None
    model_digest: str = Field(pattern=HEX16)
    adapter_digest: str | None = Field(default=None, pattern=HEX16)
    files: dict[str, str] = Field(min_length=1)
    facts: dict[str, Any] = {}  # what the role itself wants to remember: layers, codec, width


class Manifest(Strict):
    """The whole of bundle.json."""

    format: str = Field(default="agp-bundle", pattern="^agp-bundle$")
    version: int = Field(default=1, ge=1, le=1)
    backbone: Backbone
    parts: dict[str, Part]

    @property
    def digest(self) -> str:
        """Return 16 hex digits that name the bundle: of its backbone and of every file."""
        text = json.dumps(self.model_dump(), sort_keys=True).encode()
        return hashlib.sha256(text).hexdigest()[:16]


@dataclass(frozen=True)
class Bundle:
    """A bundle that was read whole, and every file of which is as it was written."""

    folder: Path
    manifest: Manifest

    def part(self, role: str) -> Path:
        """Return the folder of a part; AgpError where the bundle has none of that role."""
        if role not in self.manifest.parts:
            held = ", ".join(self.manifest.parts)
            raise AgpError(f"{self.folder} has no {role}; it holds {held}: make it with one")
        return self.folder / role

    def require(self, model_digest: str) -> None:
        """Raise unless the bundle belongs to the backbone that was loaded."""
        wanted = self.manifest.backbone
        if wanted.model_digest != model_digest:
            raise AgpError(
                f"{self.folder} belongs to {wanted.model} ({wanted.model_digest}), not to a model "
                f"of digest {model_digest}; give the model that it was made for"
            )


@dataclass(frozen=True)
class Source:
    """Where a part comes from: a checkpoint, whose it is, and what its role wants to remember."""

    folder: Path
    model_digest: str
    adapter_digest: str | None = None
    run_id: str | None = None
    facts: Mapping[str, Any] | None = None
    more: tuple[Path, ...] = ()  # files from elsewhere that belong to the part
    only: tuple[Path, ...] = ()  # these alone, and nothing of the folder


def kept_files(folder: Path) -> list[Path]:
    """Return the files of a checkpoint that a bundle keeps; AgpError where there are none."""
    found = [f for f in sorted(folder.iterdir()) if f.suffix in KINDS and f.name not in NOT_KEPT]
    if not found:
        raise AgpError(f"{folder} holds nothing for a bundle ({' or '.join(KINDS)})")
    return found


def make(out: Path, backbone: Backbone, sources: Mapping[str, Source]) -> Bundle:
    """Copy the parts into a new folder, write its manifest last, and return the bundle.

    AgpError where a part belongs elsewhere, or there is something at `out`: a bundle never changes.
    """
    if out.exists():
        raise AgpError(f"{out} is there already; a bundle is never changed, give another folder")
    for role, source in sources.items():
        agree(role, source, backbone)
    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        parts = {role: copied(source, part / role) for role, source in sources.items()}
        manifest = Manifest(backbone=backbone, parts=parts)
        (part / MANIFEST).write_text(json.dumps(manifest.model_dump(), indent=1) + "\n")
        os.replace(part, out)
    except OSError as error:
        raise AgpError(f"cannot write {out} ({error}); make room and try again") from None
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return load(out)


def copied(source: Source, target: Path) -> Part:
    """Copy a part's files; return what the manifest says of it."""
    target.mkdir(parents=True)
    for file in source.only or (*kept_files(source.folder), *source.more):
        shutil.copyfile(file, target / file.name)
    return Part(
        run_id=source.run_id,
        model_digest=source.model_digest,
        adapter_digest=source.adapter_digest,
        files={f.name: file_sha256(f) for f in sorted(target.iterdir())},
        facts=dict(source.facts or {}),
    )


def agree(role: str, part: Source | Part, backbone: Backbone) -> None:
    """Raise where a part has no known role, or was trained on another backbone."""
    if role not in ROLES:
        raise AgpError(f"a bundle has no part {role!r}; there are {', '.join(ROLES)}")
    if part.model_digest != backbone.model_digest:
        raise AgpError(
            f"the {role} was trained on a model of digest {part.model_digest}, the bundle is of "
            f"{backbone.model} ({backbone.model_digest}); take a part of the same model"
        )
    if part.adapter_digest != backbone.adapter_digest:
        raise AgpError(
            f"the {role} belongs to adapter {part.adapter_digest or 'none'}, the bundle has "
            f"{backbone.adapter_digest or 'none'}; take parts of one stage-1 run"
        )


def load(folder: Path) -> Bundle:
    """Return a bundle after reading every byte of it; AgpError where anything does not fit."""
    manifest = read_manifest(folder)
    for role, part in manifest.parts.items():
        agree(role, part, manifest.backbone)
    named = {f"{r}/{name}": sha for r, p in manifest.parts.items() for name, sha in p.files.items()}
    for name in named:
        inside(folder, name)
    found = {str(f.relative_to(folder)) for f in folder.rglob("*") if f.is_file() or f.is_symlink()}
    if missing := sorted(set(named) - found):
        raise AgpError(f"{folder} is not whole: {missing[0]} is missing; make the bundle again")
    if foreign := sorted(found - set(named) - {MANIFEST}):
        raise AgpError(f"{folder} holds {foreign[0]}, which its manifest does not name; remove it")
    for name, sha in named.items():
        if file_sha256(folder / name) != sha:
            raise AgpError(f"{folder / name} is not as it was written; make the bundle again")
    if "adapter" in manifest.parts:
        same_adapter(folder / "adapter" / "adapters.safetensors", manifest.backbone)
    return Bundle(folder, manifest)


def same_adapter(file: Path, backbone: Backbone) -> None:
    """Raise unless the adapter in the bundle is the one that its backbone names."""
    if not file.is_file() or file_sha256(file)[:16] != backbone.adapter_digest:
        raise AgpError(f"{file} is not the adapter that the other parts were trained on")


def read_manifest(folder: Path) -> Manifest:
    """Return bundle.json of a folder, checked by itself; nothing else is read."""
    file = folder / MANIFEST
    try:
        return Manifest.model_validate(json.loads(file.read_bytes()))
    except OSError:
        raise AgpError(f"{folder} is no bundle: it has no {MANIFEST}") from None
    except ValidationError as error:
        raise AgpError(f"{file}: {complaint(error)}; make the bundle again") from None
    except (ValueError, RecursionError) as error:
        raise AgpError(f"{file} is no JSON ({error}); make the bundle again") from None


def inside(folder: Path, name: str) -> None:
    """Raise unless a name is one plain file of a part: no way out of the folder, no other kind."""
    role, _, file = name.partition("/")
    plain = file and "/" not in file and "\\" not in file and file not in (".", "..")
    if not plain or Path(file).suffix not in KINDS or (folder / name).is_symlink():
        raise AgpError(
            f"{folder} names {name!r}; a part holds plain {' and '.join(KINDS)} files and no links"
        )
    if (folder / role).is_symlink():
        raise AgpError(f"{folder / role} is a link that leads out of the bundle; remove it")
