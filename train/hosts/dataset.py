"""A build's rows as a plan needs them: their lengths, and how many tokens of each are learned.

With a tokenizer beside the config they are exact; without one, four characters are a token.
"""

from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.hosts.memory import Step
from train.model.skeleton import read_config
from train.stages.batches import plan
from train.stages.samples import Sample, read_split, rows
from train.stages.settings import Settings
from train.stages.stage import steps_of
from warehouse.errors import AgpError

CHARACTERS = 4  # of a token, in prose and code
TURN = 4  # tokens a chat template puts around a message
SHARE = 0.3  # of the positions supervised, where no dataset is given


@dataclass(frozen=True)
class Dataset:
    """What a run reads: its largest batch, its steps, its tokens."""

    counts: dict[str, int]
    step: Step
    steps: int
    source: str  # where the numbers come from


def without_data(settings: Settings) -> Dataset:
    """Return the batch that the settings allow, and no steps where only a dataset can say."""
    length = settings.batch_tokens
    step = Step(1, length, round(length * SHARE))
    return Dataset({}, step, settings.max_steps, f"no dataset: {SHARE:.0%} supervised")


def read(folder: Path, model: Path, settings: Settings) -> Dataset:
    """Return what a run on a build reads."""
    if (model / "tokenizer.json").is_file():
        from mlx_lm.utils import load_tokenizer

        tokenizer = load_tokenizer(model, eos_token_ids=read_config(model).get("eos_token_id"))
        samples, counts = read_split(folder, "train", tokenizer, settings.window)
        read_split(folder, "valid", tokenizer, settings.window)
        source = "counted with the model's tokenizer"
    else:
        samples, counts = guess(folder, settings.window)
        source = f"no tokenizer beside config.json: {CHARACTERS} characters a token"
    lengths = [len(s.ids) for s in samples]
    groups = plan(lengths, settings.batching, settings.batch_tokens, settings.seed, 0)
    largest = max((batch_shape([samples[i] for i in g], settings) for g in groups), key=size)
    return Dataset(counts, largest, steps_of(settings, len(groups)), source)


def batch_shape(samples: list[Sample], settings: Settings) -> Step:
    """Return the shape of the batch that samples make."""
    lengths, targets = [len(s.ids) for s in samples], [len(s.targets) for s in samples]
    if settings.batching == "pack":
        return Step(1, sum(lengths), sum(targets))
    return Step(len(samples), max(lengths), max(targets))


def size(step: Step) -> int:
    """Return what tells the larger batch: the scores between its positions weigh most."""
    return step.rows * step.length * (step.length + step.supervised)


def guess(folder: Path, window: int) -> tuple[list[Sample], dict[str, int]]:
    """Return samples of guessed lengths."""
    seen: Counter[str] = Counter()
    samples = []
    for _, row in rows(folder, "train"):
        flags = row.get("loss") or [True] * len(row["messages"])
        sizes = [len(str(m["content"])) // CHARACTERS + TURN for m in row["messages"]]
        learned = sum(
            n for n, m, f in zip(sizes, row["messages"], flags, strict=True) if used(m, f)
        )
        length, learned = min(window, sum(sizes)), min(window - 1, learned)
        seen.update(rows=1)
        if learned:
            samples.append(Sample([0] * length, list(range(1, learned + 1))))
            seen.update(tokens=length, supervised=learned)
    if not samples:
        raise AgpError(f"no row of {folder / 'train.jsonl'} has an assistant turn that earns loss")
    return samples, dict(seen)


def used(message: dict[str, Any], flag: bool) -> bool:
    """Say whether a message earns loss."""
    return flag and message["role"] == "assistant"
