"""What a trained stage is: a request in, something the loop can train and a run folder out.

A stage is a module with `start(request)`, which makes the run's folder, and `again(facts)`, which
brings the same stage back from its run.json. Everything that happens to a run afterwards (training,
checkpoints, resuming, registering) is one machinery for all stages: `train.stages.training`.
"""

import importlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.stages.environment import environment
from train.stages.settings import LoopSettings
from warehouse.errors import AgpError

STAGES = {  # number → module
    1: "train.stages.stage1",
    2: "train.stages.stage2",
    3: "train.stages.stage3",
    4: "train.stages.stage4",
    5: "train.stages.stage5",
    6: "train.stages.stage6",
}


@dataclass(frozen=True)
class Request:
    """What the command line asks for; a stage says which of it it needs."""

    model: str = "tiny"
    data: Path | None = None  # a build of a lane
    captures: tuple[Path, ...] = ()
    parents: tuple[Path, ...] = ()  # runs whose parts are built upon
    changes: tuple[str, ...] = ()  # settings, name=value


class Stage(Protocol):
    """What the machinery of runs needs of a stage."""

    number: int
    settings: Any  # LoopSettings of its own kind
    model: nn.Module  # what is trained is trainable in it, and nothing else
    optimizer: Any  # an mlx Optimizer
    weights_file: str  # the checkpoint's name for what is trained
    config_file: str
    config: dict[str, Any]  # stands beside the weights: what they are, and of which model

    def total_steps(self) -> int:
        """Return how many steps the settings ask for."""
        ...

    def groups(self, epoch: int) -> list[list[int]]:
        """Return an epoch's batches as numbers of samples."""
        ...

    def batch(self, group: list[int]) -> Any:
        """Return the batch of a group."""
        ...

    def loss(self, batch: Any) -> mx.array:
        """Return the weighted sum of a batch's loss."""
        ...

    def validate(self) -> float:
        """Return the loss on the validation split."""
        ...

    def seeded(self, seed: int) -> None:
        """Hear the seed of everything that the next batch draws."""
        ...

    def weights(self) -> dict[str, mx.array]:
        """Return what is trained, by name."""
        ...


@dataclass(frozen=True)
class MemberBatch:
    """Rows for each of several members that learn side by side, and what each one's loss weighs."""

    rows: list[Any]
    weights: mx.array  # [members]; their sum divides the sum of the losses

    @property
    def supervised(self) -> int:
        """Return how many rows are learned from."""
        return sum(len(r) for r in self.rows)

    @property
    def real_tokens(self) -> int:
        """Return how many rows were read."""
        return self.supervised


def stage_module(number: int) -> Any:
    """Return a stage's module; AgpError names those there are."""
    if number not in STAGES:
        known = ", ".join(map(str, (0, *STAGES)))
        raise AgpError(f"stage {number} cannot be trained; there are stages {known}")
    return importlib.import_module(STAGES[number])


def start(number: int, request: Request) -> tuple[Path, Stage]:
    """Load everything that a stage needs and make the run's folder."""
    return stage_module(number).start(request)


def concluded(run: Path, stage: Stage) -> None:
    """Let a stage do what is left once its last step is taken, where its module says what."""
    module = stage_module(stage.number)
    if hasattr(module, "concluded"):
        module.concluded(run, stage)


def common_facts(stage: Stage) -> dict[str, Any]:
    """Return what run.json says of every stage."""
    return {
        "settings": stage.settings.model_dump(),
        "total_steps": stage.total_steps(),
        "trainable": sum(w.size for w in stage.weights().values()),
        "command": ["agp", *sys.argv[1:]],
        **environment(),
    }


def shuffled(n: int, size: int, seed: int, epoch: int) -> list[list[int]]:
    """Return the numbers 0 … n−1 in batches of `size`, in an order of (seed, epoch) alone.

    >>> sorted(i for group in shuffled(5, 2, seed=0, epoch=1) for i in group)
    [0, 1, 2, 3, 4]
    """
    order = np.random.default_rng([seed, epoch]).permutation(n)
    return [[int(i) for i in order[at : at + size]] for at in range(0, n, size)]


def steps_of(settings: LoopSettings, groups: int) -> int:
    """Return how many steps the settings ask for, of an epoch of so many batches."""
    return settings.max_steps or max(1, round(groups * settings.epochs / settings.accumulate))


Watch = Callable[[dict[str, Any], int], None]  # (a line of metrics, total steps)
