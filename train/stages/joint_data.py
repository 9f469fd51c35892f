"""What a joint finetune reads: prompts with what the frozen model taught of them, and their labels.

A prompt of the heads split stands with the tokens that full depth went on with, its final states
(the teacher), and the place of its labels in the capture's shards.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.shards import read_shard
from train.stages.batches import Batch
from train.stages.continued import Continued, sequences
from train.stages.depth_rows import read_rows
from train.stages.examples import Labelled, Part, Reader
from train.stages.heads_losses import class_weights
from train.stages.looks import DEAD, REVIVE, dead_of

HELD = 8  # shards of labels in memory


@dataclass(frozen=True)
class Taught:
    """A prompt and its continuation, n positions of it, as the frozen model left them."""

    said: Continued
    final: mx.array  # [n x d], states at full depth
    token: np.ndarray  # [n], what full depth said there
    shard: int
    rows: np.ndarray  # [n], of the shard


@dataclass(frozen=True)
class JointBatch:
    """What one step reads, and what each term weighs in it."""

    weighs: dict[str, float]
    sft: Batch | None
    prompts: Sequence[Taught]
    sent: Sequence[int]  # the layer that each of the first prompts is split at
    texts: np.ndarray | None  # numbers of semantic texts

    @property
    def weights(self) -> mx.array:
        """Return what divides the loss: nothing, since every term is a mean already."""
        return mx.array([1.0])

    @property
    def real_tokens(self) -> int:
        """Return how many tokens are read, packets counted once."""
        read = sum(len(p.said.ids) for p in self.prompts)
        return read + (self.sft.real_tokens if self.sft else 0)

    @property
    def supervised(self) -> int:
        """Return at how many positions something is learned."""
        learned = sum(len(p.rows) for p in self.prompts)
        return learned + (self.sft.supervised if self.sft else 0)


def taught(folder: Path, facts: dict[str, Any], tokenizer: Any, split: str) -> list[Taught]:
    """Return a split's prompts in the capture's order."""
    final = read_rows(folder, facts, split, [facts["n_layers"]]).states[facts["n_layers"]]
    said = sequences(folder, tokenizer, split)
    tokens = said_tokens(folder, facts, split)
    found, place = [], 0
    for (shard, rows), one, token in zip(places(facts, split), said, tokens, strict=True):
        stop = place + len(rows)
        found.append(Taught(one, final[place:stop], token, shard, rows))
        place = stop
    return found


def places(facts: dict[str, Any], split: str) -> list[tuple[int, np.ndarray]]:
    """Return (shard, rows of it) of each prompt of a split."""
    found = []
    for number, note in enumerate(facts["shards"]):
        stops = np.cumsum(note["lengths"])
        for of, stop, n in zip(note["splits"], stops, note["lengths"], strict=True):
            if of == split:
                found.append((number, np.arange(stop - n, stop)))
    return found


def said_tokens(folder: Path, facts: dict[str, Any], split: str) -> list[np.ndarray]:
    """Return the tokens that full depth said after each prompt of a split."""
    found: list[np.ndarray] = []
    shards = {number for number, _ in places(facts, split)}
    tokens = {n: np.array(read_shard(folder, facts["shards"][n])["token"]) for n in shards}
    for number, rows in places(facts, split):
        found.append(tokens[number][rows])
    return found


class Labels:
    """The labels of a capture's positions, read shard by shard."""

    def __init__(self, source: Labelled, balance: float) -> None:
        """Count the classes of the heads split, for their weights."""
        self.reader = Reader(source, HELD)
        counts = {"route": np.zeros(4), "vitality": np.zeros(4)}
        for _, part, at in self.reader.each("heads"):
            dead = len(dead_of(part, at))
            for name, count in counts.items():
                count += np.bincount(part.arrays[name][at].ravel(), minlength=4)
                count += np.bincount([damaged(name)] * dead, minlength=4)
        self.balance = {name: class_weights(count, balance) for name, count in counts.items()}

    def part(self, prompt: Taught) -> Part:
        """Return the shard that a prompt's labels are in."""
        return self.reader.part(prompt.shard)


def damaged(name: str) -> int:
    """Return the class of a damaged state: to be revived, and dead."""
    return {"route": REVIVE, "vitality": DEAD}[name]
