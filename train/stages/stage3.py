"""Stage 3: depth routing, taught by full depth what a shallower mixture should say.

The backbone does not run: states come from a capture. Seeds, rivals (an affine map, one more block)
and a control (the teacher's rows shuffled) learn side by side, each from an order of its own.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from pydantic import Field

from train.harness.capture import read_manifest
from train.model.depth import Place, sources_of
from train.model.depth_set import ABOUT, CONTROL, WEIGHTS, DepthSet, Shape, about, thirds, weights
from train.model.gemma import Gemma
from train.model.identity import Identity
from train.model.load import load
from train.stages import loop, runs
from train.stages.depth_rows import read_rows
from train.stages.settings import LoopSettings, settings
from train.stages.stage import Request, common_facts, steps_of
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")


class DepthSettings(LoopSettings):
    """What stage 3 needs besides; `stage3.toml` says what each line means."""

    seeds: int = Field(gt=0, le=20)
    exits: str
    sources: int = Field(ge=0)
    rank: int = Field(ge=0)
    similarity: float = Field(ge=0)
    positions: int = Field(gt=0)
    valid_rows: int = Field(gt=0)


@dataclass(frozen=True)
class DepthBatch:
    """States for each member, and which row of the teacher each row is told to follow."""

    states: list[dict[int, mx.array]]

    @property
    def supervised(self) -> int:
        """Return how many rows are learned from, over all members."""
        return sum(s[min(s)].shape[0] for s in self.states)

    @property
    def real_tokens(self) -> int:
        """Return how many rows were read."""
        return self.supervised

    @property
    def weights(self) -> mx.array:
        """Return what divides the sum of the losses: the rows of one member."""
        return mx.array([float(self.supervised / len(self.states))])


class Stage3:
    """A stage-3 run in memory: modules, the states they learn from, and the head they speak by."""

    number = 3
    weights_file, config_file = WEIGHTS, ABOUT

    def __init__(self, folder: Path, chosen: DepthSettings) -> None:
        """Read a capture's states and make fresh modules."""
        self.settings, self.facts = chosen, read_manifest(folder)
        self.shape = shape_for(self.facts, folder, chosen)
        self.gemma = Gemma(backbone(self.facts))
        self.gemma.model.freeze()
        self.last: int = self.facts["n_layers"]
        wanted = sorted({*self.shape.layers, *self._sources(), self.last})
        self.rows = read_rows(folder, self.facts, "heads", wanted)
        valid = read_rows(folder, self.facts, "valid", wanted)
        spaced = np.linspace(0, valid.n - 1, min(valid.n, chosen.valid_rows)).astype(int)
        self.valid = valid.take(spaced)
        self.depth = DepthSet(self.shape)
        self.model: nn.Module = self.depth
        self.config = about(self.shape, identity_of(self.facts, self.rows.states[self.last]))
        self.optimizer = optim.AdamW(chosen.learning_rate, weight_decay=chosen.weight_decay)
        self.optimizer.init(self.model.trainable_parameters())

    def _sources(self) -> set[int]:
        return {s for place in self.shape.places for s in place.sources}

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: for each member in turn, as many rows of its own order."""
        size, n = self.settings.positions, self.rows.n
        dice = np.random.default_rng([self.settings.seed, epoch])
        orders = np.stack([dice.permutation(n) for _ in self.shape.names])
        return [orders[:, i : i + size].ravel().tolist() for i in range(0, n, size)]

    def batch(self, group: list[int]) -> DepthBatch:
        """Return each member's states; the control's teacher belongs to other rows."""
        parts = np.array(group).reshape(len(self.shape.names), -1)
        states = [self.rows.take(part) for part in parts]
        control = self.shape.names.index(CONTROL)
        foreign = np.roll(parts[control], 1)
        states[control][self.last] = self.rows.take(foreign)[self.last]
        return DepthBatch(states)

    def total_steps(self) -> int:
        """Return how many steps the settings ask for."""
        return steps_of(self.settings, len(self.groups(0)))

    def seeded(self, seed: int) -> None:
        """Hear a seed; nothing here draws."""

    def loss(self, batch: DepthBatch) -> mx.array:
        """Return the sum of all members' losses; none has a part in another's gradient."""
        pairs = zip(self.depth.members, batch.states, strict=True)
        return mx.stack([self.member_loss(modules, states) for modules, states in pairs]).sum()

    def member_loss(self, modules: Sequence[Any], states: dict[int, mx.array]) -> mx.array:
        """Return Σ over rows of the divergence from full depth, the mean over exits, in nats."""
        final = states[self.last]
        teacher = mx.stop_gradient(log_softmax(self.gemma.decode(final)))
        total = mx.zeros(())
        for module in modules:
            h = module(states)
            total = total + kl(teacher, self.gemma.decode(h)).sum()
            if self.settings.similarity:
                total = total + self.settings.similarity * (1 - cosine(h, final)).sum()
        return total / len(modules)

    def validate(self) -> float:
        """Return the mean divergence of the seeds on the valid split; the others have no say."""
        losses = [
            loop.number(self.member_loss(self.depth.member(str(seed)), self.valid))
            for seed in self.shape.seeds
        ]
        return sum(losses) / len(losses) / self.valid[self.last].shape[0]

    def weights(self) -> dict[str, mx.array]:
        """Return all modules by name."""
        return weights(self.model)


def log_softmax(logits: mx.array) -> mx.array:
    """Return log-probabilities in float32."""
    logits = logits.astype(mx.float32)
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)


def kl(teacher: mx.array, logits: mx.array) -> mx.array:
    """Return KL(teacher ‖ logits) in nats of each row; the teacher is given as log-probabilities.

    >>> same = mx.array([[0.0, 1.0]])
    >>> abs(float(kl(log_softmax(same), same).item())) < 1e-6
    True
    """
    logits, p = logits.astype(mx.float32), mx.exp(teacher)
    return mx.sum(p * (teacher - logits), axis=-1) + mx.logsumexp(logits, axis=-1)


def cosine(a: mx.array, b: mx.array) -> mx.array:
    """Return the cosine of each row of a and b [n x d].

    >>> cosine(mx.array([[1.0, 0.0]]), mx.array([[3.0, 0.0]])).tolist()
    [1.0]
    """
    lengths = mx.sqrt(mx.sum(a * a, axis=-1) * mx.sum(b * b, axis=-1))
    return mx.sum(a * b, axis=-1) / mx.maximum(lengths, 1e-30)


def shape_for(facts: dict[str, Any], folder: Path, chosen: DepthSettings) -> Shape:
    """Return exits, sources and seeds for a capture; AgpError where it lacks an exit's states."""
    try:
        exits = (
            list(thirds(facts["n_layers"]))
            if chosen.exits == "thirds"
            else sorted({int(part) for part in chosen.exits.split(",")})
        )
    except ValueError:
        raise AgpError(f"exits {chosen.exits!r}: say thirds, or a list such as 3,5") from None
    if missing := [k for k in exits if k not in facts["layers"]]:
        listed = ",".join(map(str, sorted({*facts["layers"], *exits})))
        raise AgpError(
            f"{folder.name} holds no states before layer {', '.join(map(str, missing))}; "
            f"`agp train capture --layers {listed}` captures them"
        )
    width = facts["width"]
    places = tuple(Place(k, sources_of(k, facts["layers"], chosen.sources), width) for k in exits)
    return Shape(places, tuple(chosen.seed * 1000 + i for i in range(chosen.seeds)), chosen.rank)


def backbone(facts: dict[str, Any]) -> nn.Module:
    """Return the model that a capture is of, its adapter on."""
    run = facts["adapter_run_id"]
    model, _ = load(facts["model"], runs.find_run(run) / "best" if run else None)
    return model


def identity_of(facts: dict[str, Any], final: mx.array) -> Identity:
    """Return what the modules belong to."""
    return Identity.of({"width": final.shape[-1], **facts})


def manifest_digest(folder: Path) -> str:
    """Return the hash of a capture's manifest, which names every shard by its own."""
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def start(request: Request) -> tuple[Path, Stage3]:
    """Read the capture, make modules and the run's folder."""
    if len(request.captures) != 1:
        raise AgpError("stage 3 needs one capture: --capture ID (`agp train capture` makes one)")
    folder = request.captures[0]
    stage = Stage3(folder, settings(FILE, request.changes, DepthSettings))
    facts = {k: stage.facts[k] for k in ("model", "model_digest", "capture_id", "pack")} | {
        "base_run_id": stage.facts["adapter_run_id"],
        "capture": str(folder.absolute()),
        "capture_digest": manifest_digest(folder),
        "identity": stage.config["identity"],
        "exits": list(stage.shape.layers),
        "rows": {"heads": stage.rows.n},
        **common_facts(stage),
    }
    return runs.new_run(3, facts), stage


def again(facts: dict[str, Any]) -> Stage3:
    """Return the stage of a run.json; AgpError where the capture is no longer what it was."""
    folder = Path(facts["capture"])
    if not (folder / "manifest.json").is_file():
        raise AgpError(f"{folder}, which run {facts['run_id']} learns from, is gone; capture anew")
    if manifest_digest(folder) != facts["capture_digest"]:
        raise AgpError(f"{folder} is not the capture that run {facts['run_id']} began with")
    return Stage3(folder, DepthSettings.model_validate(facts["settings"]))
