"""What is known of a bundle besides its files: measurements, looks at a test split, who is in it.

A bundle never changes, so its evidence lies elsewhere: `$AGP_HOME/bundles/ID`, ID being the digest
of its manifest. The warehouse knows its parts, so that a promotion leads on to their runs.
"""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from train.model.bundle import MANIFEST, Bundle
from train.model.digest import file_sha256
from train.stages import bundles, runs
from warehouse.errors import AgpError
from warehouse.home import agp_home
from warehouse.store import open_writer

WAIT = 30.0  # seconds for another writer to finish


@dataclass(frozen=True)
class Kept:
    """A bundle, and the folder of its evidence."""

    bundle: Bundle
    folder: Path

    @property
    def name(self) -> str:
        """Return its id, as runs have theirs."""
        return self.folder.name

    @property
    def run_ids(self) -> list[str]:
        """Return the runs that brought its parts, each once."""
        parts = self.bundle.manifest.parts.values()
        return list(dict.fromkeys(p.run_id for p in parts if p.run_id))

    @property
    def stage(self) -> int:
        """Return the last stage that brought a part."""
        held = self.bundle.manifest.parts
        brought = [n for n, role in bundles.ROLES.items() if role in held]
        named = (re.match(r"s(\d+)-", run_id) for run_id in self.run_ids)
        return max(*brought, *(int(found[1]) for found in named if found))

    @property
    def artifact(self) -> str:
        """Return the sha-256 of its manifest, which holds that of every file."""
        return file_sha256(self.bundle.folder / MANIFEST)

    def facts(self) -> dict[str, Any]:
        """Return what evaluations and records ask of a run."""
        backbone = self.bundle.manifest.backbone
        return {
            "run_id": self.name,
            "stage": self.stage,
            "model": backbone.model,
            "model_digest": backbone.model_digest,
            "parents": self.run_ids,
        }


def is_bundle(name: str) -> bool:
    """Say whether a path is that of a bundle."""
    return (Path(name) / MANIFEST).is_file()


def keep(folder: Path) -> Kept:
    """Return a bundle that is whole and fits together, with a place for its evidence."""
    found = bundles.verify(folder, None)
    evidence = agp_home() / "bundles" / f"bundle-{found.manifest.digest}"
    kept = Kept(found, evidence)
    try:
        evidence.mkdir(parents=True, exist_ok=True)
        runs.write_json(evidence / "bundle.json", kept.facts() | {"path": str(folder.absolute())})
    except OSError as error:
        raise AgpError(f"cannot write {evidence} ({error}); make room and try again") from None
    return kept


def register(kept: Kept) -> None:
    """Bring a bundle and its parts into the warehouse, once."""
    manifest = kept.bundle.manifest
    backbone = manifest.backbone
    now = datetime.now(UTC).replace(tzinfo=None)
    row = [kept.name, kept.stage, backbone.model, backbone.model_digest, backbone.adapter_digest]
    row += [kept.artifact, json.dumps(manifest.model_dump()), str(kept.bundle.folder.absolute())]
    parts = [[kept.name, role, part.run_id] for role, part in manifest.parts.items()]
    with open_writer(wait=WAIT) as con:
        con.execute("begin")
        con.execute("delete from model_bundles where bundle_id = ?", [kept.name])
        con.execute("delete from model_bundle_parts where bundle_id = ?", [kept.name])
        con.execute(f"insert into model_bundles values ({', '.join('?' * 9)})", [*row, now])
        con.executemany("insert into model_bundle_parts values (?, ?, ?)", parts)
        con.execute("commit")
