"""Stage 1: an adapter that bends the model towards one person's conversations."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from train.model.digest import model_digest
from train.model.gemma import Gemma
from train.model.load import load, model_folder
from train.stages import adapters, loop, runs
from train.stages.batches import Batch, make, plan
from train.stages.layerwise import Layerwise, derive_seed
from train.stages.losses import sft_loss
from train.stages.samples import Sample, data_digests, read_split
from train.stages.settings import Settings, settings
from train.stages.stage import Request, common_facts, steps_of
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")


def chosen_settings(changes: Iterable[str] = ()) -> Settings:
    """Return stage 1's settings with changes such as `rank=4`."""
    return settings(FILE, changes, Settings)


class Stage1:
    """A stage-1 run in memory: model, data and where it stands."""

    number = 1
    weights_file, config_file = "adapters.safetensors", "adapter_config.json"

    def __init__(self, model: str, data: Path, chosen: Settings) -> None:
        """Load model and data and attach fresh adapters."""
        self.settings, self.data = chosen, data
        self.folder = model_folder(model)
        self.model, self.tokenizer = load(model)
        self.gemma = Gemma(self.model)
        self.layerwise = Layerwise(chosen.checkpoint_gradients)
        self.gemma.call = self.layerwise
        self.train, self.counts = read_split(data, "train", self.tokenizer, chosen.window)
        self.valid, _ = read_split(data, "valid", self.tokenizer, chosen.window)
        mx.random.seed(derive_seed(chosen.seed))
        self.config = adapters.attach(self.model, list(self.gemma.layers), chosen)
        self.digest = model_digest(self.folder)
        self.config |= {"model": model, "model_digest": self.digest}
        self.optimizer = optim.AdamW(chosen.learning_rate, weight_decay=chosen.weight_decay)
        self.optimizer.init(self.model.trainable_parameters())

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches as sample numbers."""
        lengths, s = [len(x.ids) for x in self.train], self.settings
        return plan(lengths, s.batching, s.batch_tokens, s.seed, epoch)

    def total_steps(self) -> int:
        """Return how many steps the settings ask for."""
        return steps_of(self.settings, len(self.groups(0)))

    def loss(self, batch: Batch) -> mx.array:
        """Return the weighted sum of cross-entropy of a batch."""
        return sft_loss(self.gemma, batch, self.settings.head_positions)

    def validate(self) -> float:
        """Return the mean cross-entropy of the validation split's supervised tokens."""
        samples, read = [], 0
        for sample in self.valid:
            if samples and read + len(sample.ids) > self.settings.valid_tokens:
                break
            samples.append(sample)
            read += len(sample.ids)
        total = weight = 0.0
        lengths = [len(x.ids) for x in samples]
        for group in plan(lengths, "pack", self.settings.batch_tokens, 0, 0):
            batch = make([samples[i] for i in group], "pack")
            total += loop.number(self.loss(batch))
            weight += loop.number(batch.weights.sum())
        return total / weight

    def batch(self, group: list[int]) -> Batch:
        """Return the batch of a group of samples."""
        picked: list[Sample] = [self.train[i] for i in group]
        return make(picked, self.settings.batching)

    def seeded(self, seed: int) -> None:
        """Let every layer draw its dropout from this seed."""
        self.layerwise.seed = seed

    def weights(self) -> dict[str, mx.array]:
        """Return the adapter's weights by their names in the model."""
        return adapters.weights(self.model)


def start(request: Request) -> tuple[Path, Stage1]:
    """Load everything and make the run's folder."""
    if request.data is None:
        raise AgpError("stage 1 needs a dataset: --data BUILD (`agp lanes build sft` makes one)")
    data = request.data
    stage = Stage1(request.model, data, chosen_settings(request.changes))
    facts = {
        "model": request.model,
        "model_path": str(stage.folder.absolute()),
        "model_digest": stage.digest,
        "data": str(data.absolute()),
        "data_digests": data_digests(data),
        "build_id": build_id(data),
        "rows": stage.counts,
        **common_facts(stage),
    }
    return runs.new_run(1, facts), stage


def again(facts: dict[str, Any]) -> Stage1:
    """Return the stage of a run.json; AgpError where model or data are no longer what they were."""
    data = Path(facts["data"])
    if model_digest(model_folder(facts["model"])) != facts["model_digest"]:
        raise AgpError(f"{facts['model']} is not the model that run {facts['run_id']} began with")
    if data_digests(data) != facts["data_digests"]:
        raise AgpError(
            f"{data} is not the dataset that run {facts['run_id']} began with; build it anew"
        )
    return Stage1(facts["model"], data, Settings.model_validate(facts["settings"]))


def build_id(data: Path) -> str | None:
    """Return the build's id from its manifest, if it has one."""
    file = data / "manifest.json"
    return runs.read_json(file).get("build_id") if file.is_file() else None
