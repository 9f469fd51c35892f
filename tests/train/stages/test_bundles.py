"""Runs into a bundle, as a person meets it."""

import json
import shutil
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.model.digest import file_sha256
from train.stages import bundles, runs


def adapter_digest(run: str) -> str:
    from train.model.digest import weights_digest

    return weights_digest(runs.find_run(run) / "best" / "adapters.safetensors")


def test_a_bundle_of_runs(agp: Any, part_run: Any):
    base = part_run(1)
    digest = adapter_digest(base)
    heads = part_run(2, digest, base_run_id=base)
    codec = part_run(5, digest, base_run_id=base)
    made = json.loads(agp("bundle", "make", heads, codec, "--out", "b", "--json").stdout)
    assert list(made["parts"]) == ["adapter", "heads", "thresholds", "codec"]
    assert made["parts"]["thresholds"]["files"].keys() == {"certificate.json"}
    assert made["backbone"]["adapter_digest"] == digest
    assert "codec" in agp("bundle", "show", "b").output
    assert "whole" in agp("bundle", "verify", "b", "--model", "tiny").output
    (Path("b") / "codec" / "codec.safetensors").write_bytes(b"swapped")
    assert "not as it was written" in agp("bundle", "verify", "b", exit_code=2).stderr


def test_what_makes_no_bundle(agp: Any, part_run: Any, four_bits: Path):
    base, other = part_run(1), part_run(5)
    said = agp("bundle", "make", base, other, "--out", "b", exit_code=2).stderr
    assert "take parts of one stage-1 run" in said and not Path("b").exists()
    twice = agp("bundle", "make", other, part_run(5), "--out", "b", exit_code=2).stderr
    assert "two runs bring the codec" in twice
    agp("bundle", "make", other, "--out", "b")
    assert "there already" in agp("bundle", "make", other, "--out", "b", exit_code=2).stderr
    foreign = agp("bundle", "verify", "b", "--model", four_bits, exit_code=2).stderr
    assert "give the model that it was made for" in foreign
    assert "no bundle" in agp("bundle", "show", "runs", exit_code=2).stderr


def test_every_stage_that_trains_has_a_role():
    from train.stages.stage import STAGES

    assert set(STAGES) - {6} <= set(bundles.ROLES)


@pytest.fixture
def whole(agp: Any, part_run: Any) -> Path:
    """Return a bundle of every part but the adapter."""
    agp("bundle", "make", *(part_run(stage) for stage in (2, 3, 4, 5)), "--out", "b")
    return Path("b")


def rewritten(folder: Path, role: str) -> None:
    """Write a bundle's manifest anew after a file of a part was changed, as a forger would."""
    file = folder / "bundle.json"
    manifest = json.loads(file.read_text())
    part = manifest["parts"][role]
    part["files"] = {f.name: file_sha256(f) for f in sorted((folder / role).iterdir())}
    file.write_text(json.dumps(manifest))


def refused(agp: Any, folder: Path, said: str) -> None:
    """Check that a bundle is refused in one line wherever it is taken."""
    ask = ("generate", "--bundle", folder, "--prompt", "x")
    for command in (("bundle", "verify", folder), ask):
        error = agp(*command, exit_code=2).stderr
        assert said in error and error.count("\n") == 1


def test_a_forged_manifest_does_not_help(agp: Any, whole: Path, part_run: Any):
    agp("bundle", "verify", whole)
    certificate = whole / "thresholds" / "certificate.json"
    kept = certificate.read_text()
    certificate.write_text(kept.replace("0.3", "1.5"))
    rewritten(whole, "thresholds")
    refused(agp, whole, "threshold 1.5 of heads 0 is outside 0 to 1")
    certificate.write_text(kept)
    rewritten(whole, "thresholds")
    weights: Any = mx.load(str(whole / "heads" / "heads.safetensors"))
    mx.save_safetensors(
        str(whole / "heads" / "heads.safetensors"), {k: v + 1 for k, v in weights.items()}
    )
    rewritten(whole, "heads")
    refused(agp, whole, "certified for other heads")


@pytest.mark.parametrize("stage, role", [(2, "heads"), (3, "depth"), (4, "semantic"), (5, "codec")])
def test_a_part_of_another_adapter_is_refused(
    agp: Any, whole: Path, part_run: Any, stage: int, role: str
):
    foreign = runs.find_run(part_run(stage, "0123456789abcdef")) / "best"
    for file in (whole / role).iterdir():
        if (foreign / file.name).exists():
            shutil.copyfile(foreign / file.name, file)
    refused(agp, whole, "is not as it was written")
    rewritten(whole, role)
    refused(agp, whole, "0123456789abcdef")


@pytest.mark.parametrize("role", ["heads", "depth", "semantic", "codec", "thresholds"])
def test_a_missing_part_is_refused(agp: Any, whole: Path, role: str):
    shutil.rmtree(whole / role)
    refused(agp, whole, "is missing")


def test_generating_with_a_bundle(agp: Any, whole: Path):
    ask = ("--prompt", "How many days has a week?", "--max-tokens", "4")
    said = agp("generate", "--bundle", whole, *ask)
    assert "policy route: by the certified threshold" in said.stderr
    plain = json.loads(agp("generate", *ask, "--json").stdout)
    off = json.loads(agp("generate", "--run", whole, "--policy", "off", *ask, "--json").stdout)
    assert (off["model"], off["text"]) == ("tiny", plain["text"])
    fixed = agp("generate", "--bundle", whole, "--policy", "fixed:4", *ask, "--json").stdout
    assert json.loads(fixed)["exits"] == {"4": json.loads(fixed)["tokens"]}
    agp("generate", "--bundle", whole, "--policy", "draft", *ask)
    both = agp("generate", "--bundle", whole, "--heads", "s2", *ask, exit_code=2).stderr
    assert "taken as a whole" in both
    assert "no bundle" in agp("generate", "--bundle", "runs", *ask, exit_code=2).stderr


def test_without_a_certificate_a_bundle_runs_at_full_depth(agp: Any, part_run: Any):
    run = part_run(2)
    file = runs.find_run(run) / "certificate.json"
    document = json.loads(file.read_text())
    document["heads"]["0"] |= {"threshold": None, "reason": "45 prompts are needed"}
    file.write_text(json.dumps(document))
    agp("bundle", "make", run, "--out", "b")
    ask = ("generate", "--bundle", "b", "--prompt", "x", "--max-tokens", "1")
    assert "policy off: its heads have no certified threshold (45 prompts" in agp(*ask).stderr
    assert "45 prompts are needed" in agp(*ask, "--policy", "route", exit_code=2).stderr
