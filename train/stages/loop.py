"""The loop all stages share: steps, validation, best and last, early stop, exact resume.

A stage brings a model with something trainable, groups of samples for every epoch, and a loss that
is a sum; the loop brings the rest. Every draw comes from (seed, step), so what a resumed run does
is what an uninterrupted one would have done.
"""

import math
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from typing import Any, Protocol

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_map, tree_unflatten

from train.stages.layerwise import derive_seed
from train.stages.settings import LoopSettings
from warehouse.errors import AgpError


@dataclass
class Progress:
    """Where a run stands: everything a resumed run needs besides arrays."""

    step: int = 0
    epoch: int = 0
    index: int = 0  # groups of the epoch already read: the data cursor
    first_loss: float = math.nan
    smooth: float = math.nan
    best_loss: float = math.inf
    best_step: int = 0
    waited: int = 0  # evaluations without a better loss
    tokens: int = 0
    supervised: int = 0
    seconds: float = 0.0


class Batched(Protocol):
    """A batch, as the loop sees it."""

    @property
    def weights(self) -> mx.array:
        """Return the weight of everything supervised; their sum divides the loss."""
        ...

    @property
    def real_tokens(self) -> int:
        """Return how many tokens (or rows of a capture) were read."""
        ...

    @property
    def supervised(self) -> int:
        """Return how many of them were learned."""
        ...


@dataclass
class Task:
    """What a stage hands to the loop."""

    model: nn.Module
    seeded: Callable[[int], None]  # hears the seed of all that is drawn in the next batch
    groups: Callable[[int], list[list[int]]]  # of an epoch
    batch: Callable[[list[int]], Any]  # a Batched
    loss: Callable[[Any], mx.array]  # a sum over what is supervised
    validate: Callable[[], float]
    save: Callable[[Progress, optim.Optimizer, bool], None]
    report: Callable[[dict[str, Any]], None]
    stopped: Callable[[], bool]
    total_steps: int
    judged: Callable[[], dict[str, Any]] = dict  # after `validate`: what else it found
    breached: Callable[[], bool] = lambda: False  # after `validate`: this state is not to be kept


class Stopped(Exception):
    """A run ended before its last step, for the reason it carries."""


def learning_rate(settings: LoopSettings, step: int, total: int) -> float:
    """Return the rate of step 1, 2, …: linear warm-up, then a cosine down to `final`."""
    warm = max(1, round(settings.warmup * total))
    if step <= warm:
        return settings.learning_rate * step / warm
    share = (step - warm) / max(1, total - warm)
    cosine = 0.5 * (1 + math.cos(math.pi * share))
    return settings.learning_rate * (settings.final + (1 - settings.final) * cosine)


def groups_from(task: Task, progress: Progress) -> Iterator[list[int]]:
    """Yield groups from the data cursor on, epoch after epoch, moving the cursor."""
    while True:
        groups = task.groups(progress.epoch)
        while progress.index < len(groups):
            progress.index += 1
            yield groups[progress.index - 1]
        progress.epoch, progress.index = progress.epoch + 1, 0


def step_gradients(
    task: Task, settings: LoopSettings, progress: Progress, groups: Iterator[list[int]]
) -> tuple[float, float, Any]:
    """Return (mean loss, gradient norm, clipped gradients) over `accumulate` batches.

    Batches add up as sums and are divided once by the weight of their tokens.
    """
    function = nn.value_and_grad(task.model, task.loss)
    total, weight, gradients = 0.0, 0.0, None
    for part in range(settings.accumulate):
        batch: Batched = task.batch(next(groups))
        task.seeded(derive_seed(settings.seed, progress.step, part))
        loss, new = function(batch)
        gradients = new if gradients is None else tree_map(mx.add, gradients, new)
        mx.eval(loss, gradients)
        total, weight = total + number(loss), weight + number(batch.weights.sum())
        progress.tokens += batch.real_tokens
        progress.supervised += batch.supervised
    gradients = tree_map(lambda g: g / weight, gradients)
    gradients, norm = optim.clip_grad_norm(gradients, settings.clip)
    return total / weight, number(norm), gradients


def number(value: Any) -> float:
    """Return an array of one element as a float."""
    return float(value.item())


def refuse_divergence(loss: float, norm: float, progress: Progress, settings: LoopSettings) -> None:
    """Raise Stopped when the loss is no number, or far above where it began."""
    if not (math.isfinite(loss) and math.isfinite(norm)):
        raise Stopped(f"the loss or its gradient is not finite at step {progress.step}")
    if math.isnan(progress.first_loss):
        progress.first_loss = progress.smooth = loss
    progress.smooth = 0.8 * progress.smooth + 0.2 * loss
    if progress.smooth > settings.diverged * progress.first_loss + 1:
        raise Stopped(
            f"the loss diverged: {progress.smooth:.3f} at step {progress.step}, "
            f"{progress.first_loss:.3f} at the first; try a lower learning_rate"
        )


def evaluate(task: Task, progress: Progress) -> bool:
    """Validate; return whether this is the best so far."""
    task.model.eval()
    loss = task.validate()
    task.model.train()
    better = loss < progress.best_loss and not task.breached()
    if better:
        progress.best_loss, progress.best_step, progress.waited = loss, progress.step, 0
    else:
        progress.waited += 1
    task.report({"step": progress.step, "valid_loss": loss, **task.judged()})
    return better


def run(task: Task, settings: LoopSettings, progress: Progress, optimizer: optim.Optimizer) -> str:
    """Run to the end or a stop; return `finished`, `early` or `stopped`. Stopped means failed."""
    task.model.train()
    groups = groups_from(task, progress)
    if progress.step == 0 and math.isinf(progress.best_loss):
        task.save(progress, optimizer, evaluate(task, progress))
    while progress.step < task.total_steps:
        began = time.perf_counter()
        progress.step += 1
        loss, norm, gradients = step_gradients(task, settings, progress, groups)
        refuse_divergence(loss, norm, progress, settings)
        rate = learning_rate(settings, progress.step, task.total_steps)
        optimizer.learning_rate = rate
        optimizer.update(task.model, gradients)
        mx.eval(task.model.trainable_parameters(), optimizer.state)
        progress.seconds += time.perf_counter() - began
        task.report(facts(progress, loss, norm, rate))
        last = progress.step == task.total_steps
        if last or progress.step % settings.evaluate_every == 0:
            better = evaluate(task, progress)
            if task.breached():
                return "early"  # `last` is the state before, inside its margins
            task.save(progress, optimizer, better)
            if settings.patience and progress.waited >= settings.patience:
                return "early"
        if task.stopped() and not last:
            task.save(progress, optimizer, False)
            return "stopped"
    return "finished"


def facts(progress: Progress, loss: float, norm: float, rate: float) -> dict[str, Any]:
    """Return a step's line of metrics."""
    return {
        "step": progress.step,
        "loss": loss,
        "norm": norm,
        "learning_rate": rate,
        "tokens": progress.tokens,
        "supervised": progress.supervised,
        "seconds": round(progress.seconds, 3),
        "peak_mb": round(mx.get_peak_memory() / 1e6),
    }


def optimizer_arrays(optimizer: optim.Optimizer) -> dict[str, mx.array]:
    """Return an optimizer's state as named arrays."""
    pairs: Any = tree_flatten(optimizer.state)
    return {name: value for name, value in pairs if isinstance(value, mx.array)}


def restore_optimizer(optimizer: optim.Optimizer, arrays: dict[str, mx.array]) -> None:
    """Give an optimizer the state it was saved with."""
    state: Any = tree_unflatten(list(arrays.items()))
    optimizer.state = state


def progress_document(progress: Progress) -> dict[str, Any]:
    """Return progress as JSON can hold it."""
    values = asdict(progress)
    return {
        k: None if isinstance(v, float) and not math.isfinite(v) else v for k, v in values.items()
    }


def progress_from(document: dict[str, Any]) -> Progress:
    """Return progress from its document; AgpError when it is another version's."""
    try:
        found = Progress(**document)
    except TypeError as error:
        raise AgpError(f"this checkpoint was written by another version of agp ({error})") from None
    empty = Progress()
    for name, value in document.items():
        if value is None:
            setattr(found, name, getattr(empty, name))
    return found
