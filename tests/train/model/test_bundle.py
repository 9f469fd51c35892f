"""A bundle is taken whole or not at all."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from train.model import bundle as b
from train.model.digest import file_sha256
from warehouse.errors import AgpError

MODEL = "0123456789abcdef"


@pytest.fixture
def sources(tmp_path: Path) -> dict[str, b.Source]:
    """Return an adapter and heads that belong to each other, as runs leave them."""
    made = {}
    for role, name in (("adapter", "adapters.safetensors"), ("heads", "heads.safetensors")):
        folder = tmp_path / "runs" / role
        folder.mkdir(parents=True)
        (folder / name).write_bytes(role.encode())
        (folder / "optimizer.safetensors").write_bytes(b"of no use to anybody")
        (folder / "config.json").write_text("{}")
        made[role] = folder
    digest = file_sha256(made["adapter"] / "adapters.safetensors")[:16]
    return {role: b.Source(folder, MODEL, digest, f"run-{role}") for role, folder in made.items()}


@pytest.fixture
def made(tmp_path: Path, sources: dict[str, b.Source]) -> b.Bundle:
    """Return a whole bundle."""
    backbone = b.Backbone(
        model="tiny", model_digest=MODEL, adapter_digest=sources["adapter"].adapter_digest
    )
    return b.make(tmp_path / "bundle", backbone, sources)


def test_what_a_bundle_holds(made: b.Bundle):
    files = {str(f.relative_to(made.folder)) for f in made.folder.rglob("*") if f.is_file()}
    assert files == {
        "bundle.json",
        "adapter/adapters.safetensors",
        "adapter/config.json",
        "heads/heads.safetensors",
        "heads/config.json",
    }
    assert b.load(made.folder).manifest == made.manifest
    assert made.part("heads").is_dir()
    with pytest.raises(AgpError, match="has no depth"):
        made.part("depth")


def test_the_same_parts_are_the_same_bundle(
    tmp_path: Path, made: b.Bundle, sources: dict[str, b.Source]
):
    again = b.make(tmp_path / "again", made.manifest.backbone, sources)
    assert again.manifest.digest == made.manifest.digest
    with pytest.raises(AgpError, match="there already"):
        b.make(tmp_path / "again", made.manifest.backbone, sources)


def test_a_foreign_backbone(made: b.Bundle):
    made.require(MODEL)
    with pytest.raises(AgpError, match="give the model that it was made for"):
        made.require("f" * 16)


def changed(folder: Path, change: Callable[[dict], object]) -> None:
    """Change a bundle's manifest."""
    document = json.loads((folder / "bundle.json").read_bytes())
    change(document)
    (folder / "bundle.json").write_text(json.dumps(document))


def escape(document: dict) -> None:
    document["parts"]["heads"]["files"]["../../secret.json"] = "0" * 64


def pickle(document: dict) -> None:
    document["parts"]["heads"]["files"]["heads.pkl"] = "0" * 64


DAMAGE: dict[str, tuple[Callable[[Path], object], str]] = {
    "a file missing": (lambda f: (f / "heads/heads.safetensors").unlink(), "is missing"),
    "a part missing": (lambda f: shutil.rmtree(f / "heads"), "is missing"),
    "a file swapped": (
        lambda f: shutil.copy(f / "adapter/adapters.safetensors", f / "heads/heads.safetensors"),
        "not as it was written",
    ),
    "a file besides": (lambda f: (f / "heads/more.json").write_text("{}"), "does not name"),
    "a pickle besides": (lambda f: (f / "heads.pkl").write_bytes(b"."), "does not name"),
    "a pickle named": (lambda f: changed(f, pickle), "plain .safetensors and .json"),
    "a path outside": (lambda f: changed(f, escape), "plain .safetensors and .json"),
    "a role nobody knows": (
        lambda f: changed(f, lambda d: d["parts"].update(soul=d["parts"]["heads"])),
        "no part 'soul'",
    ),
    "a part of another model": (
        lambda f: changed(f, lambda d: d["parts"]["heads"].update(model_digest="f" * 16)),
        "trained on a model of digest ffff",
    ),
    "a part of another adapter": (
        lambda f: changed(f, lambda d: d["parts"]["heads"].update(adapter_digest="f" * 16)),
        "belongs to adapter ffff",
    ),
    "another adapter throughout": (
        lambda f: changed(
            f,
            lambda d: [
                x.update(adapter_digest="f" * 16) for x in (d["backbone"], *d["parts"].values())
            ],
        ),
        "not the adapter",
    ),
    "the next version": (lambda f: changed(f, lambda d: d.update(version=2)), "version"),
    "an unknown key": (lambda f: changed(f, lambda d: d.update(run="rm")), "run"),
    "no JSON": (lambda f: (f / "bundle.json").write_text("{"), "no JSON"),
    "no manifest": (lambda f: (f / "bundle.json").unlink(), "no bundle"),
}


@pytest.mark.parametrize("name", DAMAGE)
def test_what_does_not_fit_is_one_line(made: b.Bundle, name: str):
    damage, said = DAMAGE[name]
    damage(made.folder)
    with pytest.raises(AgpError) as caught:
        b.load(made.folder)
    assert said in caught.value.message and "\n" not in caught.value.message


@pytest.mark.parametrize("what", ["heads/heads.safetensors", "heads"])
def test_a_link_that_leads_out(made: b.Bundle, tmp_path: Path, what: str):
    inside, outside = made.folder / what, tmp_path / "outside"
    inside.rename(outside)
    inside.symlink_to(outside)
    with pytest.raises(AgpError, match="link"):
        b.load(made.folder)


def test_parts_that_do_not_belong_together_make_no_bundle(
    tmp_path: Path, sources: dict[str, b.Source]
):
    backbone = b.Backbone(model="tiny", model_digest="f" * 16)
    with pytest.raises(AgpError, match="take a part of the same model"):
        b.make(tmp_path / "bundle", backbone, sources)
    assert not list(tmp_path.glob("*bundle*"))
