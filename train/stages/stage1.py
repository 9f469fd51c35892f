"""Stage 1: an adapter that bends the model towards one person's conversations."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from train.model.digest import file_sha256, model_digest
from train.model.gemma import Gemma
from train.model.load import load, model_folder
from train.stages import adapters, checkpoint, loop, runs
from train.stages.batches import Batch, make, plan
from train.stages.environment import environment
from train.stages.layerwise import Layerwise, derive_seed
from train.stages.losses import sft_loss
from train.stages.samples import Sample, read_split
from train.stages.settings import Settings, settings
from warehouse.errors import AgpError

FILE = Path(__file__).with_suffix(".toml")
Watch = Callable[[dict[str, Any], int], None]  # (a line of metrics, total steps)


class Stage1:
    """A stage-1 run in memory: model, data and where it stands."""

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
        return loop.steps_of(self.settings, len(self.groups(0)))

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

    def task(self, run: Path, watch: Watch, stopped: Callable[[], bool]) -> loop.Task:
        """Return what the loop needs; it writes into the run's folder."""
        total = self.total_steps()

        def report(line: dict[str, Any]) -> None:
            runs.append_metric(run, line)
            watch(line, total)

        def save(progress: loop.Progress, optimizer: optim.Optimizer, best: bool) -> None:
            arrays = {
                "adapters.safetensors": adapters.weights(self.model),
                "optimizer.safetensors": loop.optimizer_arrays(optimizer),
            }
            documents = {
                "progress.json": loop.progress_document(progress),
                "adapter_config.json": self.config,
            }
            checkpoint.save(run, progress.step, arrays, documents, best)

        return loop.Task(
            self.model,
            self.layerwise,
            self.groups,
            self.batch,
            self.loss,
            self.validate,
            save,
            report,
            stopped,
            total,
        )


def start(model: str, data: Path, changes: list[str]) -> tuple[Path, Stage1]:
    """Load everything and make the run's folder."""
    chosen = settings(FILE, changes)
    stage = Stage1(model, data, chosen)
    facts = {
        "model": model,
        "model_path": str(stage.folder.absolute()),
        "model_digest": stage.digest,
        "data": str(data.absolute()),
        "data_digests": data_digests(data),
        "build_id": build_id(data),
        "settings": chosen.model_dump(),
        "rows": stage.counts,
        "total_steps": stage.total_steps(),
        "trainable": sum(w.size for w in adapters.weights(stage.model).values()),
        "command": ["agp", *sys.argv[1:]],
        **environment(),
    }
    return runs.new_run(1, facts), stage


def resume(run: Path, source: str) -> tuple[Stage1, loop.Progress]:
    """Return a stage and its progress as they were at the run's `last` or `best` checkpoint.

    A run that was killed before its first checkpoint begins anew, as it began.
    """
    facts = runs.read_json(run / "run.json")
    fresh = not (run / "last").is_symlink()
    arrays, document = ({}, None) if fresh else checkpoint.read(run / source)
    data = Path(facts["data"])
    if model_digest(model_folder(facts["model"])) != facts["model_digest"]:
        raise AgpError(f"{facts['model']} is not the model that run {run.name} began with")
    if data_digests(data) != facts["data_digests"]:
        raise AgpError(f"{data} is not the dataset that run {run.name} began with; build it anew")
    stage = Stage1(facts["model"], data, Settings.model_validate(facts["settings"]))
    progress = loop.Progress()
    if document is not None:
        stage.model.load_weights(list(arrays["adapters.safetensors"].items()), strict=False)
        loop.restore_optimizer(stage.optimizer, arrays["optimizer.safetensors"])
        progress = loop.progress_from(document("progress.json"))
    runs.cut_metrics(run, -1 if fresh else progress.step)
    return stage, progress


def train(
    run: Path, stage: Stage1, progress: loop.Progress, watch: Watch, stopped: Callable[[], bool]
) -> str:
    """Train to the end or a stop; the run's state says which. AgpError when it had to stop."""
    with runs.held(run):
        runs.set_state(run, "running")
        mx.reset_peak_memory()
        try:
            task = stage.task(run, watch, stopped)
            state = loop.run(task, stage.settings, progress, stage.optimizer)
        except (loop.Stopped, AgpError, OSError) as error:
            reason = getattr(error, "message", str(error))
            note(run, "failed", progress, str(reason))
            raise AgpError(f"{reason}; the last good checkpoint is {run / 'best'}") from None
        except BaseException as error:
            note(run, "failed", progress, type(error).__name__)
            raise
        note(run, state, progress)
    return state


def note(run: Path, state: str, progress: loop.Progress, reason: str = "") -> None:
    """Write how a run stands, unless even that cannot be written."""
    facts = {"steps": progress.step, "seconds": round(progress.seconds, 2)}
    facts |= loop.progress_document(progress) | {"adapter": str(run / "best")}
    try:
        runs.set_state(run, state, reason, **facts)
    except OSError as error:
        sys.stderr.write(f"agp: cannot write the state of {run.name} ({error})\n")


def data_digests(data: Path) -> dict[str, str]:
    """Return the sha-256 of the splits that stage 1 reads."""
    files = [data / f"{split}.jsonl" for split in ("train", "valid")]
    return {f.name: file_sha256(f) for f in files if f.is_file()}


def build_id(data: Path) -> str | None:
    """Return the build's id from its manifest, if it has one."""
    file = data / "manifest.json"
    return runs.read_json(file).get("build_id") if file.is_file() else None
