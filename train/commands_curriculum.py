"""`agp train run all`: the walk through the stages, with its gates between them."""

from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, print_json, print_table
from warehouse.errors import AgpError

ENDED = {
    "finished": "Every stage was taken.",
    "failed": "Stopped at a failed gate. The same command with --go-on goes past it, unproven; "
    "--without PART leaves a part out.",
    "stopped": "Stopped; the same command goes on.",
}


def run_all(
    model: str,
    data: Path | None,
    pack: str,
    most: int,
    changes: tuple[str, ...],
    as_json: bool,
    semantic: Path | None,
    without: tuple[str, ...],
    go_on: bool,
    length: int,
    answers: int,
    parents: tuple[str, ...],
) -> None:
    """Walk through the stages; print each verdict as it comes, and how it ended."""
    if data is None:
        raise AgpError("the walk needs a dataset: --data BUILD (`agp lanes build sft` makes one)")
    use_openblas()
    from train.commands import stop_on_signal
    from train.harness.packs import find_pack
    from train.stages.curriculum import walk
    from train.stages.walk_plan import Plan

    if semantic is None and "semantic" not in without:
        without = (*without, "semantic")
        click.echo("semantic is left out: --semantic BUILD (`agp lanes build semantic`)", err=True)
    plan = Plan(
        model,
        data,
        semantic,
        find_pack(pack),
        without,
        go_on,
        most,
        length,
        answers,
        tuple(of_stage(change) for change in changes),
        adapter=adapter_of(parents, model),
    )
    with stop_on_signal() as stopped, Walking() as show:
        document = walk(plan, show.as_show(), stopped)
    if as_json:
        print_json(document)
        return
    console().print(f"{document['walk_id']}: {ENDED[document['state']]}", markup=False)
    if "whole" in document:
        print_whole(document["whole"])


def print_whole(found: dict[str, Any]) -> None:
    """Print what all that was trained is good for, and where it lies as one bundle."""
    for table in found.get("tables", []):
        print_table(table["columns"], table["rows"], title=table["title"])
    for line in found["words"]:
        console().print(line, markup=False)
    console().print(f"bundle: {found['bundle']}", markup=False, soft_wrap=True)


def adapter_of(parents: tuple[str, ...], model: str) -> Path | None:
    """Return the run of stage 1 that is named, if one is; AgpError for anything else."""
    from train.stages.parts import adapter_of as of_this_model
    from train.stages.runs import find_run, summary

    if not parents:
        return None
    runs = [find_run(name) for name in parents]
    if len(runs) > 1 or summary(runs[0])["stage"] != 1:
        raise AgpError("the walk is begun on one run of stage 1 at the most: --on RUN")
    return of_this_model(model, runs[0])


def of_stage(change: str) -> tuple[int, str]:
    """Return the stage and the setting of `1.max_steps=20`.

    >>> of_stage("1.max_steps=20")
    (1, 'max_steps=20')
    """
    number, dot, setting = change.partition(".")
    if not dot or not number.isdecimal() or "=" not in setting:
        raise AgpError(f"--set {change} names no stage; write 1.{change}")
    return int(number), setting


class Walking:
    """A bar for whatever goes on, and a line for each verdict."""

    def __enter__(self) -> "Walking":
        """Show the bar."""
        from rich.console import Console
        from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

        columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
        self.bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self.task = self.bar.add_task("", total=None)
        self.bar.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Take it away."""
        self.bar.stop()

    def as_show(self) -> Any:
        """Return what the walk tells its progress to."""
        from train.stages.walk_plan import Show

        return Show(self.step, self.begin, self.tick, self.watch, self.verdict)

    def step(self, words: str) -> None:
        """Say what begins."""
        self.bar.reset(self.task, description=words, total=None)

    def begin(self, total: int) -> None:
        """Say how much there is to do."""
        self.bar.update(self.task, total=total, completed=0)

    def tick(self) -> None:
        """Say that one of it is done."""
        self.bar.advance(self.task)

    def watch(self, line: dict[str, Any], total: int) -> None:
        """Say how far a training is."""
        self.bar.update(self.task, total=total, completed=line["step"])

    def verdict(self, done: dict[str, Any]) -> None:
        """Print a step's gates."""
        from train.eval.gates import interval

        if done["state"] != "done":
            return
        word = done["verdict"].replace("_", " ")
        console().print(f"stage {done['stage']}, {done['run_id']}: {word}", markup=False)
        for gate in done["gates"]:
            found = f"{interval(gate)}, n {gate['n']}: {gate['verdict'].replace('_', ' ')}"
            console().print(f"  {gate['name']}, {gate['rule']}: {found}", markup=False)
