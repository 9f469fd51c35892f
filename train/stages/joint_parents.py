"""What a joint finetune builds upon: runs of stages 1 to 5 in, one place for all it needs of them.

Everything is named by its digest, so that a run that is taken up again, or made again elsewhere,
meets what it began with or is refused.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.model.digest import file_sha256
from train.stages import bundles, runs
from train.stages.bundles import ROLES
from train.stages.critical import left_out
from train.stages.stage import Request
from warehouse.errors import AgpError

SPLITS = ("heads", "valid")  # of the SFT build: what is learned from, and what margins are held on


@dataclass(frozen=True)
class Parents:
    """Runs by role, the capture that they learned from, and the SFT build of the adapter."""

    runs: tuple[Path, ...]  # empty where a run is taken up again: its bundle is there
    facts: dict[str, dict[str, Any]]  # role → run.json
    steps: dict[str, int]  # run → steps it took
    capture: Path
    left_out: dict[str, str]  # runs of a projection that is off the critical path, and why

    @property
    def data(self) -> Path:
        """Return the SFT build."""
        return Path(self.facts["adapter"]["data"])

    def settings(self, role: str) -> dict[str, Any]:
        """Return what a part was trained with."""
        return self.facts[role]["settings"]

    def document(self) -> dict[str, Any]:
        """Return what run.json says of them."""
        manifest = read_manifest(self.capture)
        keys = ("capture_id", "pack", "pack_digest", "tokenizer_digest", "window")
        return {
            **{k: manifest[k] for k in keys},
            "capture": str(self.capture.absolute()),
            "captures": {manifest["capture_id"]: file_sha256(self.capture / "manifest.json")},
            "data": str(self.data.absolute()),
            "data_digests": data_digests(self.data),
            "build_id": self.facts["adapter"].get("build_id"),
            "earlier_steps": self.steps,
            "left_out": self.left_out,
            "taught_by": self.facts,
        }

    @classmethod
    def of(cls, facts: dict[str, Any]) -> "Parents":
        """Return them from a run.json; AgpError where capture or data are others by now."""
        folder, run = Path(facts["capture"]), facts["run_id"]
        read_manifest(folder)
        if file_sha256(folder / "manifest.json") != facts["captures"][facts["capture_id"]]:
            raise AgpError(f"{folder} is not the capture that run {run} began with")
        if data_digests(Path(facts["data"])) != facts["data_digests"]:
            raise AgpError(f"{facts['data']} is not the dataset that run {run} began with")
        return cls((), facts["taught_by"], facts["earlier_steps"], folder, facts["left_out"])


def data_digests(data: Path) -> dict[str, str]:
    """Return the sha-256 of the splits of the SFT build that are read."""
    files = [data / f"{split}.jsonl" for split in SPLITS]
    return {f.name: file_sha256(f) for f in files if f.is_file()}


def gathered(request: Request) -> Parents:
    """Return what a request builds upon; AgpError where runs are missing or do not fit together.

    A semantic projection off the critical path stays out, as from every bundle.
    """
    out = left_out(request.parents)
    wanted = bundles.with_adapters([run for run in request.parents if run not in out])
    found = {run: runs.summary(run) for run in wanted}
    by_role = {ROLES[f["stage"]]: run for run, f in found.items() if f["stage"] in ROLES}
    strangers = [run.name for run, f in found.items() if f["stage"] not in ROLES]
    if strangers or len(by_role) < len(found):
        named = ", ".join(strangers or (run.name for run in found))
        raise AgpError(f"stage 6 builds on one run of each of stages 1 to 5, not on {named}")
    if "adapter" not in by_role or len(by_role) < 2:
        raise AgpError(
            "stage 6 aligns an adapter with parts around it: --on RUN for each, runs of stages 2 "
            "to 5 of a tuned model (a walk without them: --without joint)"
        )
    facts = {role: found[run] for role, run in by_role.items()}
    same_heads(facts)
    return Parents(
        tuple(found),
        {role: runs.read_json(run / "run.json") for role, run in by_role.items()},
        {run.name: int(f.get("steps", 0)) for run, f in found.items()},
        capture_of(request, facts),
        {run.name: why for run, why in out.items()},
    )


def same_heads(facts: dict[str, dict[str, Any]]) -> None:
    """Raise AgpError where a codec was taught by other heads than those that come along."""
    named = facts.get("codec", {}).get("heads_run_id")
    own = facts.get("heads", {}).get("run_id")
    if named and named != own:
        raise AgpError(
            f"codec {facts['codec']['run_id']} reads what heads {named} say, not "
            f"{own or 'none'}: --on {named}"
        )


def capture_of(request: Request, facts: dict[str, dict[str, Any]]) -> Path:
    """Return the capture that is learned from: the one named, or that of heads, depth or codec.

    AgpError where it is of another model, or holds no states that a part reads.
    """
    taught = [facts[r]["capture"] for r in ("heads", "depth", "codec") if r in facts]
    folders: Sequence[Path] = request.captures or [Path(name) for name in taught[:1]]
    if len(folders) != 1:
        raise AgpError("stage 6 learns from one capture of the tuned model: --capture ID")
    manifest = read_manifest(folders[0])
    own = (manifest["model_digest"], manifest["adapter_run_id"])
    wanted = (facts["adapter"]["model_digest"], facts["adapter"]["run_id"])
    if own != wanted:
        raise AgpError(
            f"{folders[0].name} is a capture of {manifest['model']} with "
            f"{manifest['adapter_run_id'] or 'no adapter'}, not with {wanted[1]}; capture anew"
        )
    exits = set(facts.get("depth", {}).get("exits", ()))
    if missing := exits - set(manifest["layers"]):
        raise AgpError(f"{folders[0].name} holds no states of layers {sorted(missing)}")
    return folders[0]
