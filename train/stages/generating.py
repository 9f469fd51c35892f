"""What `agp generate` needs, brought together: model, adapter, policy, and how exits are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.harness.generation import DRAFTS, Way
from train.harness.lens import AffineExit, fit_lenses
from train.harness.policies import Draft, policy, usual_layers
from train.harness.traces import fitting_rows
from train.model.digest import model_digest
from train.model.gemma import Gemma
from train.model.load import load, model_folder
from train.model.look import Exit
from train.stages import captures, checkpoint, runs
from train.stages.routing_policy import route_policy
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Ask:
    """What the command line asks for."""

    model: str
    run: str | None = None
    policy: str = "off"
    layers: tuple[int, ...] = ()
    lens: str | None = None
    drafts: int = DRAFTS
    heads: str | None = None  # a run of stage 2, for the policy route


@dataclass(frozen=True)
class Ready:
    """A model with its tokenizer, and the way to generate."""

    gemma: Gemma
    tokenizer: Any
    way: Way


def ready(ask: Ask) -> Ready:
    """Load everything; AgpError where parts do not belong together."""
    run = adapter_of(ask) if ask.run else None
    model, tokenizer = load(ask.model, run / "best" if run else None)
    gemma = Gemma(model)
    if ask.policy.partition(":")[0] == "route":
        if ask.layers or ask.lens:
            raise AgpError("policy route has its own layers and lens: no --layers, no --lens")
        chosen, own = route_policy(ask.policy, ask.heads, gemma, ask.model, run)
        return Ready(gemma, tokenizer, Way(chosen, own, ask.drafts))
    exits = lenses(gemma, ask, run) if ask.lens else {}
    layers = ask.layers
    if exits and not layers:
        usual = usual_layers(gemma)
        layers = tuple(k for k in usual if k in exits) or tuple(sorted(exits))
    chosen = policy(ask.policy, gemma, layers)
    at = (chosen.layer,) if isinstance(chosen, Draft) else chosen.layers
    missing = [k for k in at if exits and k not in exits]
    if missing:
        raise AgpError(
            f"capture {ask.lens} has no lens of layer {missing[0]}; it has {list(exits)}"
        )
    return Ready(gemma, tokenizer, Way(chosen, exits, ask.drafts))


def adapter_of(ask: Ask) -> Path:
    """Return the folder of a stage-1 run of this model."""
    run = runs.find_run(ask.run or "")
    facts = runs.summary(run)
    if facts["stage"] != 1:
        raise AgpError(f"{run.name} is a run of stage {facts['stage']}; --run takes one of stage 1")
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no adapter yet; `agp train resume {run.name}`")
    if facts["model_digest"] != model_digest(model_folder(ask.model)):
        raise AgpError(f"run {run.name} is of {facts['model']}, not of {ask.model}")
    checkpoint.verify(run / "best")
    return run


def lenses(gemma: Gemma, ask: Ask, run: Path | None) -> dict[int, Exit]:
    """Return the affine lenses of a capture's layers; AgpError where it is of another model."""
    folder = captures.find_capture(ask.lens or "")
    facts = read_manifest(folder)
    wanted = (model_digest(model_folder(ask.model)), run.name if run else None)
    if (facts["model_digest"], facts["adapter_run_id"]) != wanted:
        raise AgpError(
            f"capture {folder.name} is of {facts['model']}, adapter {facts['adapter_run_id']}; "
            "a lens belongs to the model that it was fitted on"
        )
    rows = fitting_rows(folder, facts["shards"])
    fitted = fit_lenses(rows, facts["layers"], gemma.n_layers)
    if not fitted:
        raise AgpError(f"capture {folder.name} has no prompt that a lens may be fitted on (heads)")
    return {k: AffineExit(k, lens) for k, lens in fitted.items()}
