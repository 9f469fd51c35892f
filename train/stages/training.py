"""A run from its folder to its end, for every stage: trained, kept, resumed, and its end noted."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.optimizers as optim

from train.stages import checkpoint, loop, runs
from train.stages.stage import Stage, Watch, concluded, stage_module
from warehouse.errors import AgpError


def task(run: Path, stage: Stage, watch: Watch, stopped: Callable[[], bool]) -> loop.Task:
    """Return what the loop needs; it writes into the run's folder."""
    total = stage.total_steps()

    def report(line: dict[str, Any]) -> None:
        runs.append_metric(run, line)
        watch(line, total)

    def save(progress: loop.Progress, optimizer: optim.Optimizer, best: bool) -> None:
        arrays, documents = kept(stage)
        arrays |= {"optimizer.safetensors": loop.optimizer_arrays(optimizer)}
        documents |= {"progress.json": loop.progress_document(progress)}
        checkpoint.save(run, progress.step, arrays, documents, best)

    return loop.Task(
        stage.model,
        stage.seeded,
        stage.groups,
        stage.batch,
        stage.loss,
        stage.validate,
        save,
        report,
        stopped,
        total,
        getattr(stage, "judged", dict),
        lambda: bool(breach(stage)),
    )


def kept(stage: Any) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return what a checkpoint holds of a stage: tensors and documents, by the files' names."""
    if hasattr(stage, "kept"):  # a stage whose checkpoint has several parts
        return stage.kept()
    return {stage.weights_file: stage.weights()}, {stage.config_file: stage.config}


def restore(stage: Any, arrays: dict[str, Any]) -> None:
    """Give a stage the tensors of a checkpoint, by the files' names."""
    if hasattr(stage, "restore"):
        stage.restore(arrays)
    else:
        stage.model.load_weights(list(arrays[stage.weights_file].items()), strict=False)


def breach(stage: Any) -> str:
    """Return what got worse beyond its margin at the last validation; empty where nothing did."""
    return getattr(stage, "breach", "")


def resume(run: Path, source: str) -> tuple[Stage, loop.Progress]:
    """Return a stage and its progress as they were at the run's `last` or `best` checkpoint.

    A run that was killed before its first checkpoint begins anew, as it began.
    """
    facts = runs.read_json(run / "run.json")
    module = stage_module(facts["stage"])
    fresh = not (run / "last").is_symlink()
    arrays, document = ({}, None) if fresh else checkpoint.read(run / source)
    stage: Stage = module.again(facts)
    progress = loop.Progress()
    if document is not None:
        restore(stage, arrays)
        loop.restore_optimizer(stage.optimizer, arrays["optimizer.safetensors"])
        progress = loop.progress_from(document("progress.json"))
    runs.cut_metrics(run, -1 if fresh else progress.step)
    return stage, progress


def train(
    run: Path, stage: Stage, progress: loop.Progress, watch: Watch, stopped: Callable[[], bool]
) -> str:
    """Train to the end or a stop; the run's state says which. AgpError when it had to stop."""
    with runs.held(run):
        runs.set_state(run, "running")
        mx.reset_peak_memory()
        try:
            made = task(run, stage, watch, stopped)
            state = loop.run(made, stage.settings, progress, stage.optimizer)
        except (loop.Stopped, AgpError, OSError) as error:
            reason = getattr(error, "message", str(error))
            note(run, "failed", progress, str(reason))
            raise AgpError(f"{reason}; the last good checkpoint is {run / 'best'}") from None
        except BaseException as error:
            note(run, "failed", progress, type(error).__name__)
            raise
        note(run, state, progress, breach(stage))
        if state != "stopped":
            concluded(run, stage)
    return state


def note(run: Path, state: str, progress: loop.Progress, reason: str = "") -> None:
    """Write how a run stands, unless even that cannot be written."""
    facts = {"steps": progress.step, "seconds": round(progress.seconds, 2)}
    facts |= loop.progress_document(progress) | {"adapter": str(run / "best")}
    try:
        runs.set_state(run, state, reason, **facts)
    except OSError as error:
        sys.stderr.write(f"agp: cannot write the state of {run.name} ({error})\n")
