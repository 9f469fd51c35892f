"""Will a run fit, and what would make it: from the model's config and the dataset alone."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.hosts import dataset
from train.hosts.dataset import Dataset
from train.hosts.machine import Machine
from train.hosts.memory import Step, attached, estimate
from train.model.gemma import Gemma
from train.model.load import HUB_ID, TINY
from train.model.skeleton import numbers, skeleton
from train.stages.adapters import choose_blocks, weights
from train.stages.settings import Settings
from warehouse.errors import AgpError

PRESETS = Path(__file__).parent / "presets"
FLOOR = 128  # tokens of a pack, below which nothing is gained
FEW = 32  # positions of the head at a time, below which it is slow


@dataclass(frozen=True)
class Plan:
    """What a run takes."""

    model: str
    machine: Machine
    settings: Settings
    data: Dataset
    numbers: dict[str, int]  # weights by part, as numbers
    adapters: int  # numbers
    blocks: list[int]
    layers: int
    parts: dict[str, int]  # bytes by part
    changes: list[str] | None  # settings that make it fit; None where none does

    @property
    def total(self) -> int:
        """Return the bytes of all parts."""
        return sum(self.parts.values())

    @property
    def fits(self) -> bool:
        """Say whether the run fits as it is set."""
        return self.total <= self.machine.usable


def config_folder(name: str) -> Path:
    """Return a folder with the model's config.json; of a hub id only that is fetched."""
    preset = PRESETS / name.rsplit("/", 1)[-1]
    if name == "tiny":
        return TINY
    if Path(name).expanduser().exists():
        return Path(name).expanduser()
    if HUB_ID.fullmatch(name):
        from mlx_lm.utils import _download

        try:
            return Path(_download(name, allow_patterns=["*.json"]))
        except Exception as error:
            if not preset.is_dir():
                reason = str(error).splitlines()[0] if str(error) else type(error).__name__
                raise AgpError(f"cannot fetch {name} ({reason}); give a model folder") from None
    if not preset.is_dir() or not preset.name:
        known = ", ".join(sorted(p.name for p in PRESETS.iterdir()))
        raise AgpError(f"no model at {name}; give a model folder, a hub id, `tiny`, or {known}")
    return preset


def make(model: str, data: Path | None, settings: Settings, machine: Machine) -> Plan:
    """Return the plan of a run."""
    folder = config_folder(model)
    bare = skeleton(folder, machine.float32)
    found = dataset.read(data, folder, settings) if data else dataset.without_data(settings)
    counted = numbers(bare)
    gemma = attached(bare, settings)
    parts = estimate(gemma, settings, found.step, machine.compiled)
    changes: list[str] | None = []
    if sum(parts.values()) > machine.usable:
        changes = remedy(folder, gemma, settings, found.step, machine)
    trainable = sum(w.size for w in weights(bare).values())
    blocks = choose_blocks(settings.blocks, gemma.n_layers)
    return Plan(
        model, machine, settings, found, counted, trainable, blocks, gemma.n_layers, parts, changes
    )


def remedy(
    folder: Path, gemma: Gemma, settings: Settings, step: Step, machine: Machine
) -> list[str] | None:
    """Return the mildest list of changes that makes the run fit, None where none does."""
    for changes in milder(settings, gemma.n_layers):
        changed = settings.model_copy(update=changes)
        share = min(1.0, changed.batch_tokens / settings.batch_tokens)
        smaller = Step(step.rows, round(step.length * share), round(step.supervised * share))
        if "blocks" in changes:
            gemma = attached(skeleton(folder, machine.float32), changed)
        parts = estimate(gemma, changed, smaller, machine.compiled)
        if sum(parts.values()) <= machine.usable:
            return [f"{name}={str(value).lower()}" for name, value in changes.items()]
    return None


def milder(settings: Settings, layers: int) -> Iterator[dict[str, Any]]:
    """Yield changes from the one that costs nothing to the one that costs most."""
    changes: dict[str, Any] = {}
    if settings.head_positions > FEW:
        changes["head_positions"] = FEW
        yield dict(changes)
    tokens, accumulate = settings.batch_tokens, settings.accumulate
    while tokens // 2 >= FLOOR:
        tokens, accumulate = tokens // 2, accumulate * 2
        changes |= {"batch_tokens": tokens, "window": min(settings.window, tokens)}
        yield changes | {"accumulate": accumulate}
    changes["accumulate"] = accumulate
    if not settings.checkpoint_gradients:
        yield changes | {"checkpoint_gradients": True}
    for count in (n for n in (8, 4) if n < layers):
        yield changes | {"checkpoint_gradients": True, "blocks": f"last:{count}"}


def document(plan: Plan) -> dict[str, Any]:
    """Return a plan as JSON can hold it."""
    return {
        "model": plan.model,
        "machine": plan.machine.name,
        "usable_bytes": plan.machine.usable,
        "parameters": sum(plan.numbers.values()),
        "parameters_by_part": plan.numbers,
        "adapter_parameters": plan.adapters,
        "blocks": plan.blocks,
        "layers": plan.layers,
        "batch": vars(plan.data.step),
        "rows": plan.data.counts,
        "counted": plan.data.source,
        "steps": plan.data.steps or None,
        "bytes": plan.parts,
        "total_bytes": plan.total,
        "fits": plan.fits,
        "changes": plan.changes,
    }
