"""Stage 4: a projection of states onto primitives and invariants, through few named units.

The backbone does not run: states of the texts come from captured shards. Several seeds learn side
by side, each in its own order, and one more, the control, from labels that were shuffled. A
finished run is off the critical path until its evaluation shows that it is of use.
"""

from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from pydantic import Field

from train.model import semantic
from train.stages import loop, runs, semantic_losses
from train.stages.semantic_losses import Rows
from train.stages.settings import LoopSettings, settings
from train.stages.stage import MemberBatch, Request, common_facts, steps_of
from train.stages.text_states import TextStates
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")
CONTROL = "shuffled"


class SemanticSettings(LoopSettings):
    """What stage 4 needs besides; `stage4.toml` says what each line means."""

    layer: int = Field(ge=0)
    pool: Literal["last", "mean"]
    before: int = Field(ge=0, le=2)
    window: int = Field(gt=1)
    learn: Literal["unseen", "heads", "both"]
    seeds: int = Field(gt=0, le=20)
    hidden: int = Field(gt=0)
    units: int = Field(gt=0)
    sparsity: Literal["topk", "threshold"]
    active: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    unvoted: float = Field(ge=0, le=1)
    l1: float = Field(ge=0)
    stability: float = Field(ge=0)
    neighbours: float = Field(ge=0)
    bundle: float = Field(ge=0)
    temperature: float = Field(gt=0)
    rows: int = Field(gt=1)

    def splits(self, adapted: bool) -> tuple[str, ...]:
        """Return what is learned from: an adapter has seen the train split already."""
        both = self.learn == "both" or (self.learn == "unseen" and not adapted)
        return ("train", "heads") if both else ("heads",)


class Stage4:
    """A stage-4 run in memory: projections, the states they learn from, and where they stand."""

    number = 4
    weights_file, config_file = semantic.WEIGHTS, semantic.ABOUT

    def __init__(self, source: TextStates, chosen: SemanticSettings) -> None:
        """Read the states of the splits to learn from and of valid; make fresh projections."""
        self.source, self.settings = source, chosen
        splits = chosen.splits(source.adapter is not None)
        parts = [semantic_losses.read(source, s, chosen.pool, chosen.unvoted) for s in splits]
        self.train = semantic_losses.joined(parts)
        self.repeats = semantic_losses.repeats(source, splits)
        self.valid = semantic_losses.read(source, "valid", chosen.pool, chosen.unvoted)
        if self.valid.labels != self.train.labels:
            raise AgpError(f"{source.data}: its splits differ in their labels; build it anew")
        shape = semantic.Shape(
            source.identity.width,
            self.train.labels,
            chosen.hidden,
            chosen.units,
            chosen.sparsity,
            chosen.active,
            chosen.dropout,
        )
        seeds = [chosen.seed * 1000 + i for i in range(chosen.seeds + 1)]
        self.each = semantic.Members(shape, seeds)
        self.model: nn.Module = self.each
        self.names = [str(seed) for seed in seeds[:-1]] + [CONTROL]
        for member in self.each.members:
            member.fit_scale(mx.array(self.train.states))
            member.fit_prior(mx.array(self.train.rate(), mx.float32))
        self.config = semantic.about(shape, source.identity, chosen.pool, self.names)
        self.optimizer = optim.AdamW(chosen.learning_rate, weight_decay=chosen.weight_decay)
        self.optimizer.init(self.model.trainable_parameters())

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: for each member in turn, as many rows of its own order."""
        dice, size = np.random.default_rng([self.settings.seed, epoch]), self.settings.rows
        orders = np.stack([dice.permutation(self.repeats) for _ in self.names])
        return [orders[:, i : i + size].ravel().tolist() for i in range(0, orders.shape[1], size)]

    def batch(self, group: list[int]) -> MemberBatch:
        """Return each member's rows; the control's labels are those of other rows."""
        parts = np.array(group).reshape(len(self.names), -1)
        rows = [self.train.taken(at) for at in parts]
        rows[-1] = rows[-1].shuffled([self.settings.seed, group[0], group[-1], len(group)])
        return MemberBatch(rows, mx.array([float(r.weight.sum()) for r in rows]))

    def total_steps(self) -> int:
        """Return how many steps the settings ask for."""
        return steps_of(self.settings, len(self.groups(0)))

    def seeded(self, seed: int) -> None:
        """Draw dropout from this seed."""
        mx.random.seed(seed)

    def loss(self, batch: MemberBatch) -> mx.array:
        """Return the sum of all members' losses; none has a part in another's gradient."""
        members = zip(self.each.members, batch.rows, strict=True)
        return mx.stack([self.member_loss(member, rows) for member, rows in members]).sum()

    def member_loss(self, member: semantic.Semantic, rows: Rows) -> mx.array:
        """Return Σ over rows of weight × the five weighted losses."""
        return semantic_losses.composite(member, rows, self.settings)

    def validate(self) -> float:
        """Return the mean cross-entropy of the seeds on valid; the control has no say."""
        self.model.eval()
        states, weight = mx.array(self.valid.states), mx.array(self.valid.weight)
        losses = [
            (semantic_losses.cross_entropy(member(states)[0], self.valid) * weight).sum()
            for member in self.each.members[:-1]
        ]
        found = loop.number(mx.stack(losses).mean() / weight.sum())
        self.model.train()
        return found

    def weights(self) -> dict[str, mx.array]:
        """Return all projections by name."""
        return semantic.weights(self.model)


def start(request: Request) -> tuple[Path, Stage4]:
    """Capture what is missing, make projections and the run's folder."""
    if request.data is None:
        raise AgpError(
            "stage 4 needs a dataset: --data BUILD (`agp lanes build semantic` makes one)"
        )
    chosen = settings(FILE, request.changes, SemanticSettings)
    model, adapter = request.model, None
    if request.parents:
        model, adapter = parent(request.parents)
    stage = Stage4(states(model, adapter, request.data, chosen), chosen)
    source, splits = stage.source, chosen.splits(adapter is not None)
    facts = {
        "model": model,
        "model_path": str(source.folder.absolute()),
        "model_digest": source.identity.model_digest,
        "base_run_id": runs.summary(adapter)["run_id"] if adapter else None,
        "adapter_run": str(adapter.absolute()) if adapter else None,
        "identity": source.identity.document(),
        "data": str(request.data.absolute()),
        "build_id": build_id(request.data),
        **source.made_of(),
        "labels": list(stage.train.labels),
        "learned_from": list(splits),
        "rows": {"learned": len(stage.train), "repeated": len(stage.repeats)}
        | {"valid": len(stage.valid)},
        "critical": False,
        "use_capture": use_capture(request),
        **common_facts(stage),
    }
    return runs.new_run(4, facts), stage


def use_capture(request: Request) -> str | None:
    """Return the capture that use is to be measured on, if the request names one."""
    if len(request.captures) > 1:
        raise AgpError("stage 4 measures use on one capture; give --capture once or not at all")
    return str(request.captures[0].absolute()) if request.captures else None


def parent(parents: tuple[Path, ...]) -> tuple[str, Path]:
    """Return the base model and the adapter of the one run of stage 1 that is built upon."""
    run, facts = parents[-1], runs.summary(parents[-1])
    if len(parents) > 1 or facts["stage"] != 1:
        raise AgpError("stage 4 builds on one run of stage 1, or on none: --on RUN")
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no adapter yet; `agp train resume` goes on")
    return facts["model"] if facts["model"] == "tiny" else facts["model_path"], run


def states(model: str, adapter: Path | None, data: Path, chosen: SemanticSettings) -> TextStates:
    """Return where the states come from."""
    return TextStates(model, adapter, data, chosen.layer, chosen.window, chosen.before)


def build_id(data: Path) -> str | None:
    """Return the build's id from its manifest, if it has one."""
    file = data / "manifest.json"
    return runs.read_json(file).get("build_id") if file.is_file() else None


def again(facts: dict[str, Any]) -> Stage4:
    """Return the stage of a run.json; AgpError where model or data are no longer what they were."""
    chosen = SemanticSettings.model_validate(facts["settings"])
    return Stage4(same_states(facts, chosen), chosen)


def same_states(facts: dict[str, Any], chosen: SemanticSettings) -> TextStates:
    """Return the states that a run learned from, of the same model, texts and ways of writing."""
    adapter = Path(facts["adapter_run"]) if facts["adapter_run"] else None
    source = states(facts["model"], adapter, Path(facts["data"]), chosen)
    found = source.made_of() | {"identity": source.identity.document()}
    words = {
        "identity": "the model or adapter",
        "data_digests": f"the dataset {facts['data']}",
        "keywords_digest": "what keyword functions look for",
        "paraphrases_digest": "the paraphrases",
    }
    for name, word in words.items():
        if found[name] != facts[name]:
            raise AgpError(f"{word} changed since run {facts['run_id']} began; train anew")
    return source
