"""What `agp generate` needs, brought together: model, adapter, policy, and how exits are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.harness.generation import DRAFTS, Way
from train.harness.lens import AffineExit, fit_lenses
from train.harness.policies import Draft, policy, usual_layers
from train.harness.traces import fitting_rows
from train.model.depth_set import load_depth
from train.model.digest import file_sha256, model_digest, tokenizer_digest
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
    runs: tuple[str, ...] = ()  # of stage 1: its adapter; of stage 3: its modules
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
    parts = parts_of(ask)
    run = adapter_of(ask, parts[1]) if 1 in parts else None
    model, tokenizer = load(ask.model, run / "best" if run else None)
    gemma = Gemma(model)
    if ask.policy.partition(":")[0] == "route":
        if ask.layers or ask.lens or 3 in parts:
            raise AgpError("policy route has its own layers and lens: no --layers, --lens, stage 3")
        chosen, own = route_policy(ask.policy, ask.heads, gemma, ask.model, run)
        return Ready(gemma, tokenizer, Way(chosen, own, ask.drafts))
    exits = lenses(gemma, ask, run) if ask.lens else {}
    if 3 in parts:
        exits |= modules(ask, parts[3], run)
    layers = ask.layers
    if exits and not layers:
        usual = usual_layers(gemma)
        layers = tuple(k for k in usual if k in exits) or tuple(sorted(exits))
    chosen = policy(ask.policy, gemma, layers)
    at = (chosen.layer,) if isinstance(chosen, Draft) else chosen.layers
    if missing := [k for k in at if exits and k not in exits]:
        known = ", ".join(map(str, sorted(exits)))
        raise AgpError(f"nothing reads an exit before layer {missing[0]}; there is one at {known}")
    if isinstance(chosen, Draft) and any(exits[k].sources for k in at if k in exits):
        raise AgpError("a draft reads one layer alone; draft without the run of stage 3")
    return Ready(gemma, tokenizer, Way(chosen, exits, ask.drafts))


def parts_of(ask: Ask) -> dict[int, Path]:
    """Return the runs that were named, by stage; AgpError for two of one stage, or another's."""
    found: dict[int, Path] = {}
    for name in ask.runs:
        run = runs.find_run(name)
        stage = runs.summary(run)["stage"]
        if stage not in (1, 3):
            raise AgpError(f"{run.name} is a run of stage {stage}; --run takes stages 1 and 3")
        if stage in found:
            raise AgpError(f"{found[stage].name} and {run.name} are both of stage {stage}")
        if not (run / "best").exists():
            raise AgpError(f"run {run.name} has no checkpoint yet; `agp train resume {run.name}`")
        checkpoint.verify(run / "best")
        found[stage] = run
    return found


def adapter_of(ask: Ask, run: Path) -> Path:
    """Return a stage-1 run; AgpError where it is of another model."""
    facts = runs.summary(run)
    if facts["model_digest"] != model_digest(model_folder(ask.model)):
        raise AgpError(f"run {run.name} is of {facts['model']}, not of {ask.model}")
    return run


def modules(ask: Ask, run: Path, adapter: Path | None) -> dict[int, Exit]:
    """Return the first seed's module at each exit; AgpError where they belong to another model."""
    facts = runs.summary(run)
    depth, identity = load_depth(run / "best")
    folder = model_folder(ask.model)
    adapted = digest_of(adapter)
    wanted = (identity.model_digest, identity.adapter_digest, identity.tokenizer_digest)
    if wanted != (model_digest(folder), adapted, tokenizer_digest(folder)):
        base = facts["base_run_id"]
        raise AgpError(
            f"run {run.name} belongs to {facts['model']} with {base or 'no adapter'}; "
            "give that model, and its run of stage 1"
        )
    first = depth.member(depth.shape.names[0])
    return dict(zip(depth.shape.layers, first, strict=True))


def digest_of(adapter: Path | None) -> str | None:
    """Return what a capture calls an adapter; None for the base."""
    return file_sha256(adapter / "best" / "adapters.safetensors")[:16] if adapter else None


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
