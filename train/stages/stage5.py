"""Stage 5: an encoder and a decoder around a packet, trained for what the upper layers make of it.

The model stays as it is. What travels at a split layer (states, and the keys and values that later
layers read) goes through the pair and on through the upper layers; the loss is how far that is from
the run that was never split. Principal components at the same bytes are where the pair begins.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim

from train.harness.capture import read_manifest
from train.harness.resumed import Halfway, halfway, logits
from train.model.codecs.learned import Learned, LearnedSeeds, arrays_of
from train.model.codecs.pca import fit
from train.model.digest import file_sha256, tokenizer_digest
from train.model.gemma import Gemma
from train.model.load import model_folder
from train.stages import contexts, loop, runs
from train.stages.continued import Continued, backbone, sequences
from train.stages.layerwise import derive_seed
from train.stages.losses import divergence, nearness
from train.stages.settings import settings
from train.stages.stage import Request, common_facts, shuffled, steps_of
from train.stages.transfer_settings import TransferSettings, heads_of, split_layers
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class PromptBatch:
    """Prompts with their continuations: as many for each of several seeds, one after another."""

    samples: Sequence[Continued]
    seeds: int

    @property
    def real_tokens(self) -> int:
        """Return how many tokens are read."""
        return sum(len(s.ids) for s in self.samples)

    @property
    def supervised(self) -> int:
        """Return how many positions are resumed."""
        return sum(len(s.at) for s in self.samples)

    @property
    def weights(self) -> mx.array:
        """Return what divides the sum of the losses."""
        return mx.array([float(len(s.at)) for s in self.samples])


class Stage5:
    """A stage-5 run in memory: a frozen model, prompts, and a pair for every role."""

    number = 5
    weights_file, config_file = "codec.safetensors", "codec.json"

    def __init__(self, folder: Path, chosen: TransferSettings, heads: Path | None = None) -> None:
        """Load the capture's model, fit the components, and begin at them.

        With `heads`, a run of stage 2, the pair reads what they say of each state.
        """
        self.settings, self.folder, self.facts = chosen, folder, read_manifest(folder)
        frozen, tokenizer = backbone(self.facts)
        self.gemma = Gemma(frozen)
        self.layers = split_layers(self.gemma, self.facts, chosen.layers)
        self.train = sequences(folder, tokenizer, "heads")
        self.valid = sequences(folder, tokenizer, "valid")[: chosen.valid_prompts]
        if not self.train or not self.valid:
            raise AgpError(
                f"{folder.name} lacks prompts of the heads or the valid split; "
                "`agp train capture --splits heads,valid` captures both"
            )
        self.contexts: contexts.Contexts = {}
        if heads:
            for split in ("heads", "valid"):
                self.contexts |= contexts.judged(folder, heads / "best", split)
        fitted = fit(self.fitting_rows())
        first = derive_seed(chosen.seed)
        self.pairs = LearnedSeeds(
            fitted,
            chosen.hidden,
            [derive_seed(first, i) if i else first for i in range(chosen.seeds)],
        )
        self.model: nn.Module = self.pairs
        if not chosen.rate:  # nothing would keep the gains from growing
            for pair in (p for member in self.pairs.each for p in member.pairs.values()):
                pair.freeze(keys=["gain"], recurse=False)
        self.config = self.about(fitted)
        self.optimizer = optim.AdamW(chosen.learning_rate, weight_decay=chosen.weight_decay)
        self.optimizer.init(self.model.trainable_parameters())

    def about(self, fitted: dict[str, mx.array]) -> dict[str, Any]:
        """Return what stands beside the weights."""
        roles = sorted({name.rsplit(".", 1)[0] for name in fitted})
        return {
            "model": self.facts["model"],
            "model_digest": self.facts["model_digest"],
            "adapter_digest": self.facts["adapter_digest"],
            "tokenizer_digest": tokenizer_digest(model_folder(self.facts["model"])),
            "layers": list(self.layers),
            "hidden": self.settings.hidden,
            "roles": {r: list(fitted[f"{r}.basis"].shape) for r in roles},
        }

    def fitting_rows(self) -> Iterator[dict[str, mx.array]]:
        """Yield what travels of some prompts, at every split layer."""
        for sample in self.train[: self.settings.fit_prompts]:
            for k in self.layers:
                yield halfway(self.gemma, sample.ids, sample.at, k).rows

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches: for each seed in turn, as many prompts of its own order."""
        s, n = self.settings, len(self.train)
        orders = [shuffled(n, s.prompts, s.seed + 1000 * i, epoch) for i in range(s.seeds)]
        return [[at for part in parts for at in part] for parts in zip(*orders, strict=True)]

    def batch(self, group: list[int]) -> PromptBatch:
        """Return the prompts of a group."""
        return PromptBatch([self.train[i] for i in group], self.settings.seeds)

    def total_steps(self) -> int:
        """Return how many steps the settings ask for."""
        return steps_of(self.settings, len(self.groups(0)))

    def seeded(self, seed: int) -> None:
        """Split the next batch where this seed says."""
        self.turn = seed

    def weights(self) -> dict[str, mx.array]:
        """Return the numbers of all pairs, those they began at too."""
        return arrays_of(self.model)

    def loss(self, batch: PromptBatch) -> mx.array:
        """Return the sum over positions of a batch, each prompt split at a layer of its own."""
        size = len(batch.samples) // batch.seeds
        each = [
            self.one(self.pairs.each[i // size], s, self.layers[(self.turn + i) % len(self.layers)])
            for i, s in enumerate(batch.samples)
        ]
        return mx.stack(each).sum()

    def one(self, pair: Learned, sample: Continued, k: int) -> mx.array:
        """Return the loss of a prompt split at layer k for one seed, summed over its positions."""
        s, half = self.settings, halfway(self.gemma, sample.ids, sample.at, k)
        back = {}
        for role, x in half.rows.items():
            context = contexts.of_rows(self.contexts, sample.prompt, self.gemma, role, x)
            back[role] = pair(role, x, context)
        whole = mx.stop_gradient(logits(self.gemma, half, half.rows))
        total = s.kl * divergence(whole, logits(self.gemma, half, back)).sum()
        near = [nearness(half.rows[role], x) for role, x in back.items()]
        rows = mx.stack([s.cosine * c + s.mse * m for c, m in near]).mean()
        return total + len(sample.at) * (rows + s.rate * self.rate(pair, half))

    def rate(self, pair: Learned, half: Halfway) -> mx.array:
        """Return the bits of a row over 8 bits a latent, the mean over the roles that travel."""
        pairs = [pair.pairs[role.replace(".", "")] for role in half.rows]
        return mx.stack([p.bits() / (8 * p.gain.size) for p in pairs]).mean()

    def validate(self) -> float:
        """Return the mean loss of the valid prompts and seeds, at the split layers in turn."""
        total = sum(
            loop.number(self.one(pair, s, self.layers[i % len(self.layers)]))
            for i, s in enumerate(self.valid)
            for pair in self.pairs.each
        )
        return total / sum(len(s.at) for s in self.valid) / self.settings.seeds


def start(request: Request) -> tuple[Path, Stage5]:
    """Load everything and make the run's folder."""
    if len(request.captures) != 1:
        raise AgpError("stage 5 needs a capture: --capture ID (`agp train capture` makes one)")
    folder, heads = request.captures[0], heads_of(request.parents)
    stage = Stage5(folder, settings(FILE, request.changes, TransferSettings), heads)
    keys = ("model", "model_digest", "adapter_digest", "capture_id", "pack", "pack_digest")
    facts = {
        **{k: stage.facts[k] for k in keys},
        "tokenizer_digest": stage.config["tokenizer_digest"],
        "base_run_id": stage.facts["adapter_run_id"],
        "model_path": str(model_folder(stage.facts["model"]).absolute()),
        "capture": str(folder.absolute()),
        "captures": {stage.facts["capture_id"]: file_sha256(folder / "manifest.json")},
        "heads_run_id": heads.name if heads else None,
        "parents": [p for p in (stage.facts["adapter_run_id"], heads and heads.name) if p],
        "prompts": {"heads": len(stage.train), "valid": len(stage.valid)},
        "split_layers": list(stage.layers),
        "window": stage.facts["window"],
        **common_facts(stage),
    }
    return runs.new_run(5, facts), stage


def again(facts: dict[str, Any]) -> Stage5:
    """Return the stage of a run.json; AgpError where model, capture or pack are others by now."""
    folder = Path(facts["capture"])
    read_manifest(folder)
    if file_sha256(folder / "manifest.json") != facts["captures"][facts["capture_id"]]:
        raise AgpError(f"{folder} is not the capture that run {facts['run_id']} began with")
    heads = runs.find_run(facts["heads_run_id"]) if facts.get("heads_run_id") else None
    return Stage5(folder, TransferSettings.model_validate(facts["settings"]), heads)
