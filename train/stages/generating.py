"""What `agp generate` needs, brought together: model, adapter, policy, and how exits are read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.harness.capture import read_manifest
from train.harness.generation import DRAFTS, Way
from train.harness.lens import AffineExit, fit_lenses
from train.harness.policies import Draft, policy, usual_layers
from train.harness.traces import fitting_rows
from train.model import bundle
from train.model.depth_set import load_depth
from train.model.digest import model_digest, tokenizer_digest, weights_digest
from train.model.gemma import Gemma
from train.model.heads import described
from train.model.load import load, model_folder
from train.model.look import Exit
from train.stages import runs
from train.stages.parts import Parts, of_bundle, of_runs
from train.stages.routing_policy import certificate, route_policy
from train.stages.routing_policy import exits as heads_lenses
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Ask:
    """What the command line asks for."""

    model: str | None = None  # none: the bundle's, else tiny
    runs: tuple[str, ...] = ()  # of stage 1: its adapter; of stage 3: its modules; or a bundle
    policy: str = "off"
    layers: tuple[int, ...] = ()
    lens: str | None = None
    drafts: int = DRAFTS
    heads: str | None = None  # a run of stage 2, for the policy route
    bundle: Path | None = None

    @property
    def folder(self) -> Path | None:
        """Return the bundle's folder, whichever option named it."""
        named = (Path(n) for n in self.runs if (Path(n) / bundle.MANIFEST).is_file())
        return self.bundle or next(named, None)

    @property
    def named_model(self) -> str:
        """Return the model that is asked for: a bundle knows its own."""
        if self.model or not self.folder:
            return self.model or "tiny"
        return bundle.read_manifest(self.folder).backbone.model


@dataclass(frozen=True)
class Ready:
    """A model with its tokenizer, and the way to generate."""

    gemma: Gemma
    tokenizer: Any
    way: Way


def ready(ask: Ask) -> Ready:
    """Load everything; AgpError where parts do not belong together."""
    parts = parts_of(ask)
    model, tokenizer = load(ask.named_model, parts.adapter)
    gemma = Gemma(model)
    return Ready(gemma, tokenizer, way_of(ask, parts, gemma))


def way_of(ask: Ask, parts: Parts, gemma: Gemma) -> Way:
    """Return the way to generate that is asked for, around a model that is loaded."""
    name = ask.policy.partition(":")[0]
    if name == "route":
        if ask.layers or ask.lens or (parts.depth and not ask.folder):
            raise AgpError("policy route has its own layers and lens: no --layers, --lens, stage 3")
        chosen, own = route_policy(ask.policy, parts.heads, gemma, ask.named_model, parts.adapter)
        return Way(chosen, own, ask.drafts)
    exits = read_through(ask, parts, gemma)
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
    return Way(chosen, exits, ask.drafts)


def read_through(ask: Ask, parts: Parts, gemma: Gemma) -> dict[int, Exit]:
    """Return what reads the exits of a policy that has none of its own.

    Of a bundle a draft takes the heads' lenses, for it reads one layer alone; the rest its modules.
    """
    if ask.folder and not ask.lens and ask.policy.partition(":")[0] == "draft":
        return heads_lenses(parts.heads) if parts.heads else {}
    found = lenses(gemma, ask, parts.adapter) if ask.lens else {}
    return found | (modules(ask, parts.depth, parts.adapter) if parts.depth else {})


def usual_policy(parts: Parts) -> tuple[str, str]:
    """Return what a bundle does unless told otherwise, and why in words: it routes by its heads.

    Without a certified threshold nobody knows what an early exit would cost: full depth.
    """
    if parts.heads is None:
        return "off", "it has no heads that could route"
    if not parts.heads.certificate.is_file():
        return "off", "its heads have no thresholds"
    name = described(parts.heads.folder)[2][0]
    found = certificate(parts.heads)["heads"].get(name, {})
    if found.get("threshold") is None:
        return "off", f"its heads have no certified threshold ({found.get('reason', 'none')})"
    return "route", "by the certified threshold of its heads"


def parts_of(ask: Ask) -> Parts:
    """Return the parts of a bundle, or of runs; AgpError where both are named."""
    if ask.folder is None:
        return of_runs(ask.runs, ask.heads, ask.named_model)
    if ask.heads or any(Path(n) != ask.folder for n in ask.runs):
        raise AgpError(f"{ask.folder} is taken as a whole: no other --run or --heads beside it")
    return of_bundle(ask.folder, ask.named_model)


def modules(ask: Ask, folder: Path, adapter: Path | None) -> dict[int, Exit]:
    """Return the first seed's module at each exit; AgpError where they belong to another model."""
    depth, identity = load_depth(folder)
    model = model_folder(ask.named_model)
    wanted = (identity.model_digest, identity.adapter_digest, identity.tokenizer_digest)
    if wanted != (model_digest(model), digest_of(adapter), tokenizer_digest(model)):
        raise AgpError(
            f"the depth modules in {folder} belong to model {identity.model_digest} with adapter "
            f"{identity.adapter_digest or 'none'}; give that model, and its run of stage 1"
        )
    first = depth.member(depth.shape.names[0])
    return dict(zip(depth.shape.layers, first, strict=True))


def digest_of(adapter: Path | None) -> str | None:
    """Return what a capture calls an adapter's folder; None for the base."""
    return weights_digest(adapter / "adapters.safetensors") if adapter else None


def lenses(gemma: Gemma, ask: Ask, adapter: Path | None) -> dict[int, Exit]:
    """Return the affine lenses of a capture's layers; AgpError where it is of another model."""
    folder = runs.find_capture(ask.lens or "")
    facts = read_manifest(folder)
    wanted = (model_digest(model_folder(ask.named_model)), digest_of(adapter))
    if (facts["model_digest"], facts["adapter_digest"]) != wanted:
        raise AgpError(
            f"capture {folder.name} is of {facts['model']}, adapter {facts['adapter_run_id']}; "
            "a lens belongs to the model that it was fitted on"
        )
    rows = fitting_rows(folder, facts["shards"])
    fitted = fit_lenses(rows, facts["layers"], gemma.n_layers)
    if not fitted:
        raise AgpError(f"capture {folder.name} has no prompt that a lens may be fitted on (heads)")
    return {k: AffineExit(k, lens) for k, lens in fitted.items()}
