"""Runs into a bundle, as a person meets it."""

import json
from pathlib import Path
from typing import Any

import pytest

from train.stages import bundles, checkpoint, runs
from train.stages.bundles import ROLES


@pytest.fixture
def run_of(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Return a function that leaves a run's folder with a checkpoint of the tiny model."""

    monkeypatch.chdir(tmp_path)

    def make(stage: int, **facts: Any) -> str:
        import mlx.core as mx

        from train.model.digest import model_digest
        from train.model.load import TINY

        known = {"model": "tiny", "model_digest": model_digest(TINY)}
        run = runs.new_run(stage, known | facts)
        name = "adapters" if stage == 1 else ROLES[stage]
        arrays = {f"{name}.safetensors": {"w": mx.full((2,), float(stage))}}
        arrays["optimizer.safetensors"] = {"m": mx.zeros(2)}
        checkpoint.save(run, 1, arrays, {"progress.json": {}, "about.json": {}}, best=True)
        runs.set_state(run, "finished")
        return run.name

    return make


def adapter_digest(run: str) -> str:
    from train.model.digest import weights_digest

    return weights_digest(runs.find_run(run) / "best" / "adapters.safetensors")


def test_a_bundle_of_runs(agp: Any, run_of: Any, tmp_path: Path):
    base = run_of(1)
    digest = adapter_digest(base)
    heads = run_of(2, base_run_id=base, identity={"adapter_digest": digest})
    (runs.find_run(heads) / "certificate.json").write_text('{"heads": {}}')
    codec = run_of(5, base_run_id=base, adapter_digest=digest)
    made = json.loads(agp("bundle", "make", heads, codec, "--out", "b", "--json").stdout)
    assert list(made["parts"]) == ["adapter", "heads", "thresholds", "codec"]
    assert made["parts"]["thresholds"]["files"].keys() == {"certificate.json"}
    assert made["backbone"]["adapter_digest"] == digest
    assert "codec" in agp("bundle", "show", "b").output
    assert "whole" in agp("bundle", "verify", "b", "--model", "tiny").output
    (Path("b") / "codec" / "codec.safetensors").write_bytes(b"swapped")
    assert "not as it was written" in agp("bundle", "verify", "b", exit_code=2).stderr


def test_what_makes_no_bundle(agp: Any, run_of: Any, four_bits: Path):
    base, other = run_of(1), run_of(5)
    said = agp("bundle", "make", base, other, "--out", "b", exit_code=2).stderr
    assert "take parts of one stage-1 run" in said and not Path("b").exists()
    twice = agp("bundle", "make", other, run_of(5), "--out", "b", exit_code=2).stderr
    assert "two runs bring the codec" in twice
    agp("bundle", "make", other, "--out", "b")
    assert "there already" in agp("bundle", "make", other, "--out", "b", exit_code=2).stderr
    foreign = agp("bundle", "verify", "b", "--model", four_bits, exit_code=2).stderr
    assert "give the model that it was made for" in foreign
    assert "no bundle" in agp("bundle", "show", "runs", exit_code=2).stderr


def test_every_stage_that_trains_has_a_role():
    from train.stages.stage import STAGES

    assert set(STAGES) - {6} <= set(bundles.ROLES)
