"""Runs that nobody trained: real parts of the tiny model with random weights, made in a moment."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import pytest

from train.model import depth_set, heads, semantic
from train.model.codecs.learned import Learned, arrays_of
from train.model.codecs.pca import fit
from train.model.depth import Place
from train.model.digest import file_sha256, model_digest, tokenizer_digest
from train.model.identity import Identity
from train.model.load import TINY
from train.stages import checkpoint, runs

LAYERS, DEPTH, WIDTH = (2, 4), 8, 96
THRESHOLD = 0.3


def identity(adapter: str | None, layers: tuple[int, ...]) -> Identity:
    return Identity(model_digest(TINY), adapter, tokenizer_digest(TINY), layers, DEPTH, WIDTH)


def heads_part(adapter: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    shape = heads.Shape(len(LAYERS), WIDTH, hidden=8, projection=4)
    return (
        {heads.WEIGHTS: heads.weights(heads.Seeds(shape, [0]))},
        {heads.ABOUT: heads.about(shape, identity(adapter, LAYERS), ["0"])},
    )


def depth_part(adapter: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    shape = depth_set.Shape((Place(2, (1,), WIDTH), Place(4, (2,), WIDTH)), (0,), 0)
    return (
        {depth_set.WEIGHTS: depth_set.weights(depth_set.DepthSet(shape))},
        {depth_set.ABOUT: depth_set.about(shape, identity(adapter, LAYERS))},
    )


def semantic_part(adapter: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    shape = semantic.Shape(width=WIDTH, labels=("echo", "shift"), hidden=8, units=4, active=2)
    said = semantic.about(shape, identity(adapter, (4,)), "last", ["0"])
    return {semantic.WEIGHTS: semantic.weights(semantic.Members(shape, [0]))}, {
        semantic.ABOUT: said
    }


def codec_part(adapter: str | None) -> tuple[dict[str, Any], dict[str, Any]]:
    fitted = fit([{"h.4": mx.random.normal((64, WIDTH), key=mx.random.key(0))}])
    owner = identity(adapter, LAYERS)
    said = {
        "model": "tiny",
        "model_digest": owner.model_digest,
        "adapter_digest": adapter,
        "tokenizer_digest": owner.tokenizer_digest,
        "layers": [4],
        "hidden": 4,
        "roles": {"h.4": list(fitted["h.4.basis"].shape)},
    }
    return {"codec.safetensors": arrays_of(Learned(fitted, 4))}, {"codec.json": said}


MADE = {2: heads_part, 3: depth_part, 4: semantic_part, 5: codec_part}


def certified(run: Path) -> None:
    """Leave lenses and a certificate beside a run's heads, as training does."""
    eye = {f"{k}.map": mx.eye(WIDTH) for k in LAYERS}
    eye |= {f"{k}.bias": mx.zeros(WIDTH) for k in LAYERS}
    mx.save_safetensors(str(run / "lens.safetensors"), eye)
    said = {"threshold": THRESHOLD, "coverage": 0.5, "reason": ""}
    weights = file_sha256(run / "best" / heads.WEIGHTS)
    (run / "certificate.json").write_text(json.dumps({"weights": weights, "heads": {"0": said}}))


@pytest.fixture
def part_run(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., str]:
    """Return a function that leaves a run of a stage with a part that loads; it returns its id."""
    monkeypatch.chdir(tmp_path)

    def make(stage: int, adapter: str | None = None, **facts: Any) -> str:
        owner = identity(adapter, LAYERS)
        known = {"model": "tiny", "model_digest": owner.model_digest}
        if stage > 1:
            known |= {"identity": owner.document()}
        run = runs.new_run(stage, known | facts)
        if stage == 1:
            arrays, documents = {"adapters.safetensors": {"w": mx.ones(2)}}, {"about.json": {}}
        else:
            arrays, documents = MADE[stage](adapter)
        arrays["optimizer.safetensors"] = {"m": mx.zeros(2)}
        checkpoint.save(run, 1, arrays, documents | {"progress.json": {}}, best=True)
        if stage == 2:
            certified(run)
        runs.set_state(run, "finished", critical=stage == 4)
        return run.name

    return make


@pytest.fixture
def measured_run(part_run: Callable[..., str]) -> Callable[..., str]:
    """Return a function that leaves a run whose gates were all asked, and none could tell."""
    from train.eval import gates, stage2, stage5
    from train.eval.stage1 import rule
    from train.stages import record
    from train.stages.register import register

    files = {1: gates.SHIPPED, 2: stage2.GATES, 5: stage5.GATES}

    def make(stage: int, adapter: str | None = None, **facts: Any) -> str:
        known: dict[str, Any] = {
            "settings": {"seed": 0},
            "command": ["agp", "train"],
            "commit": "c",
        }
        run = runs.find_run(part_run(stage, adapter, **known | facts))
        register(run)
        fixed = gates.load_gates(files[stage])
        head = {"run_id": run.name, "stage": stage, "model": "tiny", "split": "test"}
        head |= {"pack": "p", "pack_digest": "d", "gates_digest": fixed.digest}
        document = head | {"openings": record.open_test(run, head, fixed.text)}
        document |= {"gates": [r.row() for r in rule(fixed.gates, [])], "words": []}
        document["measures"] = [{"name": "kl", "value": 0.5, "low": 0.4, "high": 0.6, "n": 4}]
        document["artifact_sha256"] = checkpoint.digest(run / "best")
        (run / "evaluations").mkdir()
        runs.write_json(run / "evaluations" / "d-test.json", document)
        record.record(document)
        return run.name

    return make
