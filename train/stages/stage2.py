"""Stage 2: heads that say of a captured state whether an exit there can be trusted.

The backbone does not run: states and facts come from a capture's shards, a few at a time. Several
seeds learn side by side from their own order of the data, and one more, the control, from labels
that were shuffled. The calibration split is read once, when training is over, for a certificate.
"""

import hashlib
from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
import numpy as np
from pydantic import Field

from train.harness.lens import fit_lenses
from train.harness.traces import fitting_rows
from train.model import heads
from train.stages import certified, loop, runs
from train.stages.examples import Labelled, Reader, labelled, split_rows
from train.stages.heads_losses import class_weights, judgements
from train.stages.looks import Rows, both, joined, shuffled
from train.stages.settings import LoopSettings, settings
from train.stages.stage import MemberBatch, Request, common_facts, steps_of
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")
CONTROL = "shuffled"


class HeadSettings(LoopSettings):
    """What stage 2 needs besides; `stage2.toml` says what each line means."""

    seeds: int = Field(gt=0, le=20)
    hidden: int = Field(gt=0)
    projection: int = Field(gt=0)
    dropout: float = Field(ge=0, lt=1)
    route: float = Field(ge=0)
    vitality: float = Field(ge=0)
    earliest: float = Field(ge=0)
    confidence: float = Field(gt=0)
    balance: float = Field(ge=0, le=1)
    positions: int = Field(gt=0)
    window_shards: int = Field(gt=0)
    alpha: float = Field(gt=0, lt=1)
    delta: float = Field(gt=0, lt=1)
    method: Literal["betting", "hoeffding_bentkus"]


class Stage2:
    """A stage-2 run in memory: heads, the capture they learn from, and where they stand."""

    number = 2
    weights_file, config_file = heads.WEIGHTS, heads.ABOUT

    def __init__(self, source: Labelled, chosen: HeadSettings) -> None:
        """Make fresh heads for a capture and look at its training side once."""
        self.source, self.settings = source, chosen
        self.reader = Reader(source, chosen.window_shards)
        lengths = [sum(note["lengths"]) for note in source.facts["shards"]]
        self.starts = np.concatenate([[0], np.cumsum(lengths)])
        self.rows = {s: self.positions(s) for s in ("heads", "valid")}
        if not all(len(rows) for rows in self.rows.values()):
            raise AgpError(
                f"{source.folder.name} lacks prompts of the heads or the valid split; "
                "`agp train capture --splits heads,valid,calib` captures all three"
            )
        k, d = len(source.layers), source.facts["width"]
        shape = heads.Shape(k, d, chosen.hidden, chosen.projection, chosen.dropout)
        seeds = [chosen.seed * 1000 + i for i in range(chosen.seeds + 1)]
        self.each = heads.Seeds(shape, seeds)
        self.model: nn.Module = self.each
        self.names = [str(seed) for seed in seeds[:-1]] + [CONTROL]
        self.look_once()
        self.config = heads.about(shape, source.identity(), self.names)
        self.optimizer = optim.AdamW(chosen.learning_rate, weight_decay=chosen.weight_decay)
        self.optimizer.init(self.model.trainable_parameters())

    def positions(self, split: str) -> np.ndarray:
        """Return the numbers of a split's positions, counted through all shards."""
        found = [
            self.starts[i] + split_rows(note, split)
            for i, note in enumerate(self.source.facts["shards"])
        ]
        return np.concatenate(found).astype(int)

    def look_once(self) -> None:
        """Set the scale of the scalars and the weights of the classes, from the heads split."""
        total = squares = n = 0.0
        counts = {"route": np.zeros(4), "vitality": np.zeros(4)}
        for _, part, at in self.reader.each("heads"):
            x = np.array(heads.transformed(mx.array(part.arrays["scalars"][at])), np.float64)
            total, squares, n = total + x.sum(0), squares + (x * x).sum(0), n + len(at)
            rows = both(part, at)
            for name, count in counts.items():
                count += np.bincount(getattr(rows, name), minlength=4)
        mean = total / n
        scale = np.sqrt(np.maximum(squares / n - mean * mean, 0))
        for member in self.each.members:
            member.fit_scale(mx.array(mean, mx.float32), mx.array(scale, mx.float32))
        self.balance = {
            name: class_weights(count, self.settings.balance) for name, count in counts.items()
        }

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: for each member in turn, as many positions of its own order.

        All members read the same few shards at a time.
        """
        dice = np.random.default_rng([self.settings.seed, epoch])
        shards = np.unique(np.searchsorted(self.starts, self.rows["heads"], side="right") - 1)
        shards, size = dice.permutation(shards), self.settings.positions
        found = []
        for i in range(0, len(shards), self.settings.window_shards):
            here = shards[i : i + self.settings.window_shards]
            inside = np.searchsorted(self.starts, self.rows["heads"], side="right") - 1
            window = self.rows["heads"][np.isin(inside, here)]
            orders = np.stack([dice.permutation(window) for _ in self.names])
            found += [orders[:, j : j + size].ravel().tolist() for j in range(0, len(window), size)]
        return found

    def batch(self, group: list[int]) -> MemberBatch:
        """Return each member's rows; the control's targets are shuffled."""
        parts = np.array(group).reshape(len(self.names), -1)
        rows = [self.gather(positions) for positions in parts]
        rows[-1] = shuffled(rows[-1], [self.settings.seed, group[0], group[-1], len(group)])
        return MemberBatch(rows, mx.array([float(len(r)) for r in rows]))

    def gather(self, positions: np.ndarray) -> Rows:
        """Return the rows of some positions and their damaged copies."""
        shards = np.searchsorted(self.starts, positions, side="right") - 1
        return joined(
            [
                both(self.reader.part(int(i)), positions[shards == i] - self.starts[i])
                for i in np.unique(shards)
            ]
        )

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

    def member_loss(self, member: heads.Heads, rows: Rows) -> mx.array:
        """Return Σ over rows of the four weighted losses; unsure labels weigh less."""
        total = mx.zeros(())
        for loss in judgements(member, rows, self.settings, self.balance).values():
            total = total + loss
        return total

    def validate(self) -> float:
        """Return the mean loss of the seeds on the valid split; the control has no say."""
        total, n = 0.0, 0
        for _, part, at in self.reader.each("valid"):
            rows = both(part, at)
            losses = [self.member_loss(m, rows) for m in self.each.members[:-1]]
            total += loop.number(mx.stack(losses).mean())
            n += len(rows)
        return total / n

    def weights(self) -> dict[str, mx.array]:
        """Return all heads by name."""
        return heads.weights(self.model)


def manifest_digest(folder: Path) -> str:
    """Return the hash of a capture's manifest, which names every shard by its own."""
    return hashlib.sha256((folder / "manifest.json").read_bytes()).hexdigest()


def start(request: Request) -> tuple[Path, Stage2]:
    """Label the capture, make heads, the run's folder, and the lens they look through."""
    if len(request.captures) != 1:
        raise AgpError("stage 2 needs one capture: --capture ID (`agp train capture` makes one)")
    chosen = settings(FILE, request.changes, HeadSettings)
    source = labelled(request.captures[0])
    stage = Stage2(source, chosen)
    about = {k: source.facts[k] for k in ("model", "model_digest", "capture_id", "pack")}
    facts = {
        **about,
        "base_run_id": source.facts["adapter_run_id"],
        "capture": str(source.folder.absolute()),
        "capture_digest": manifest_digest(source.folder),
        "label_version": source.version,
        "lens": source.lens,
        "identity": source.identity().document(),
        "rows": {split: len(rows) for split, rows in stage.rows.items()},
        **common_facts(stage),
    }
    run = runs.new_run(2, facts)
    write_lens(source, run / "lens.safetensors")
    return run, stage


def write_lens(source: Labelled, file: Path) -> None:
    """Write the affine lens that the capture's facts were read through: `K.map`, `K.bias`."""
    facts = source.facts
    rows = fitting_rows(source.folder, facts["shards"])
    found = fit_lenses(rows, source.layers, facts["n_layers"]) if source.lens == "affine" else {}
    arrays = {f"{k}.map": lens[0] for k, lens in found.items()}
    mx.save_safetensors(str(file), arrays | {f"{k}.bias": lens[1] for k, lens in found.items()})


def again(facts: dict[str, Any]) -> Stage2:
    """Return the stage of a run.json; AgpError where the capture is no longer what it was."""
    folder = Path(facts["capture"])
    if not (folder / "manifest.json").is_file():
        raise AgpError(f"{folder}, which run {facts['run_id']} learns from, is gone; capture anew")
    if manifest_digest(folder) != facts["capture_digest"]:
        raise AgpError(f"{folder} is not the capture that run {facts['run_id']} began with")
    source = labelled(folder)
    if source.version != facts["label_version"]:
        raise AgpError(f"the oracle's thresholds changed since {facts['run_id']} began; run anew")
    return Stage2(source, HeadSettings.model_validate(facts["settings"]))


def concluded(run: Path, stage: Stage2) -> None:
    """Certify a threshold for every seed, once training is over."""
    certified.write(run, stage.source, stage.settings)
