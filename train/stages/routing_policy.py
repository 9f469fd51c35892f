"""The policy `route[:T]`: trained heads, their lenses and certified threshold around a model."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.harness.lens import AffineExit
from train.harness.policies import number
from train.harness.route_policy import LiveJudge, Route
from train.model.digest import file_sha256, model_digest, tokenizer_digest, weights_digest
from train.model.gemma import Gemma
from train.model.heads import WEIGHTS, described, load_heads
from train.model.identity import Identity
from train.model.load import model_folder
from train.model.look import Exit
from train.stages import certified, runs
from train.stages.parts import HeadsPart, heads_of
from warehouse.errors import AgpError


def route_policy(
    spec: str, heads: HeadsPart | None, gemma: Gemma, model: str, adapter: Path | None
) -> tuple[Route, dict[int, Exit]]:
    """Return the policy and the lenses it looks through; `adapter` is the folder of one.

    AgpError where the heads are of another model, have no certificate, or the threshold is no
    probability. The first seed decides.
    """
    if heads is None:
        raise AgpError("policy route asks a run of stage 2 (--heads RUN), or a bundle with heads")
    _, trained, _, _ = described(heads.folder)
    members = load_heads(
        heads.folder, replace(identity(gemma, model, adapter), layers=trained.layers)
    )
    name = next(iter(members))
    return Route(trained.layers, members[name], threshold(spec, heads, name)), exits(heads)


def live_judge(run: Path, gemma: Gemma, model: str, adapter: Path | None) -> LiveJudge:
    """Return a stage-2 run's heads as the judge of a sender; `adapter` is the folder of one."""
    heads = heads_of(run.name)
    route, own = route_policy("route:1", heads, gemma, model, adapter)
    return LiveJudge(gemma, route, own)


def identity(gemma: Gemma, model: str, adapter: Path | None) -> Identity:
    """Return what a loaded model is; its candidate layers are whatever a part wants."""
    folder = model_folder(model)
    return Identity(
        model_digest(folder),
        weights_digest(adapter / "adapters.safetensors") if adapter else None,
        tokenizer_digest(folder),
        (),
        gemma.n_layers,
        gemma.config.hidden_size,
    )


def threshold(spec: str, heads: HeadsPart, name: str) -> float:
    """Return the threshold of `route:T`, or the certified one of `route`."""
    _, colon, value = spec.partition(":")
    if not colon:
        return certified.threshold(certificate(heads), name)
    found = number(spec, value)
    if found > 1:
        raise AgpError(f"policy {spec!r}: a confidence lies in 0 to 1")
    return found


def certificate(heads: HeadsPart) -> dict[str, Any]:
    """Return the certificate of heads; AgpError where it is of other ones."""
    found = runs.read_json(heads.certificate)
    if found.get("weights") != file_sha256(heads.folder / WEIGHTS):
        raise AgpError(
            f"the thresholds of {heads.name} are of other heads; `agp eval` certifies these"
        )
    return found


def exits(heads: HeadsPart) -> dict[int, Exit]:
    """Return the lenses that the heads' scalars were read through."""
    try:
        arrays: Any = mx.load(str(heads.lens))
    except (OSError, RuntimeError, ValueError) as error:
        raise AgpError(f"the heads of {heads.name} have no lenses ({error})") from None
    layers = sorted(int(name.removesuffix(".map")) for name in arrays if name.endswith(".map"))
    return {k: AffineExit(k, (arrays[f"{k}.map"], arrays[f"{k}.bias"])) for k in layers}
