"""The policy `route[:T]`: a stage-2 run's heads, lens and certified threshold around a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.harness.lens import AffineExit
from train.harness.policies import number
from train.harness.route_policy import Route
from train.model.digest import file_sha256, model_digest, tokenizer_digest
from train.model.gemma import Gemma
from train.model.heads import load_heads
from train.model.identity import Identity
from train.model.load import model_folder
from train.model.look import Exit
from train.stages import certified, checkpoint, runs
from warehouse.errors import AgpError


def route_policy(
    spec: str, heads: str | None, gemma: Gemma, model: str, adapter: Path | None
) -> tuple[Route, dict[int, Exit]]:
    """Return the policy and the lenses it looks through.

    AgpError where the heads are of another model, have no certificate, or the threshold is no
    probability. The first seed decides.
    """
    if not heads:
        raise AgpError("policy route asks a run of stage 2: --heads RUN")
    run = runs.find_run(heads)
    facts = runs.summary(run)
    if facts["stage"] != 2 or not (run / "best").exists():
        raise AgpError(f"run {run.name} has no heads; --heads takes a run of stage 2")
    checkpoint.verify(run / "best")
    trained = Identity.of(facts["identity"])
    members = load_heads(
        run / "best", replace(identity(gemma, model, adapter), layers=trained.layers)
    )
    name = next(iter(members))
    return Route(trained.layers, members[name], threshold(spec, run, name)), exits(run)


def identity(gemma: Gemma, model: str, adapter: Path | None) -> Identity:
    """Return what a loaded model is; its candidate layers are whatever a part wants."""
    folder = model_folder(model)
    weights = adapter / "best" / "adapters.safetensors" if adapter else None
    return Identity(
        model_digest(folder),
        file_sha256(weights)[:16] if weights else None,
        tokenizer_digest(folder),
        (),
        gemma.n_layers,
        gemma.config.hidden_size,
    )


def threshold(spec: str, run: Path, name: str) -> float:
    """Return the threshold of `route:T`, or the certified one of `route`."""
    _, colon, value = spec.partition(":")
    if not colon:
        return certified.threshold(runs.read_json(run / certified.FILE), name)
    found = number(spec, value)
    if found > 1:
        raise AgpError(f"policy {spec!r}: a confidence lies in 0 to 1")
    return found


def exits(run: Path) -> dict[int, Exit]:
    """Return the lenses that the heads' scalars were read through."""
    arrays: Any = mx.load(str(run / "lens.safetensors"))
    layers = sorted(int(name.removesuffix(".map")) for name in arrays if name.endswith(".map"))
    return {k: AffineExit(k, (arrays[f"{k}.map"], arrays[f"{k}.bias"])) for k in layers}
