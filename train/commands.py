"""`agp train` and `agp runs`: start, resume and look at runs."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, counted, moment, print_entries, print_json, print_table
from warehouse.errors import AgpError

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


PATH = click.Path(path_type=Path)


@click.command("run")
@click.argument("stage", metavar="[0-6|all]")
@click.option("--model", default="tiny", show_default=True, help="A folder, a hub id, or tiny.")
@click.option("--data", type=PATH, help="A build: its folder or id (stages 1 and 4).")
@click.option("--capture", "captures", multiple=True, help="A capture (stages 2 to 6).")
@click.option(
    "--on",
    "parents",
    multiple=True,
    metavar="RUN",
    help="A run that is built upon; of all: stage 1's.",
)
@click.option("--pack", default="shipped", show_default=True, help="A pack (stage 0).")
@click.option("--most", default=1000, show_default=True, help="Prompts of a split (stage 0).")
@click.option("--blocks", help="spread, all, last:N, or a list such as 0,3,7 (stage 1).")
@click.option(
    "--set", "changes", multiple=True, help="A setting: name=value; STAGE.name=value (all)."
)
@click.option("--semantic", type=PATH, help="A build of the semantic lane (all).")
@click.option("--without", multiple=True, help="A part that is left out, such as semantic (all).")
@click.option("--length", default=32, show_default=True, help="Tokens said of a prompt (all).")
@click.option("--answers", default=40, show_default=True, help="Prompts answered (all).")
@click.option("--go-on", is_flag=True, help="Past failed gates; what follows is unproven (all).")
@JSON
def run_stage(
    stage: str,
    model: str,
    data: Path | None,
    captures: tuple[str, ...],
    parents: tuple[str, ...],
    pack: str,
    most: int,
    blocks: str | None,
    changes: tuple[str, ...],
    as_json: bool,
    **walked: Any,
) -> None:
    """Train a stage, or walk through all. Ctrl-C saves and ends; `agp train resume` goes on.

    Stage 0 trains nothing: it captures the model's states on a pack and says where it could exit.
    `all` takes every stage in order, with its gates between them, and stops at a failed gate; the
    same command goes on where it stopped.

    \b
    Examples:
      agp train run 0 --model tiny
      agp train run 1 --model tiny --data BUILD --set max_steps=100
      agp train run all --model tiny --data BUILD --without semantic
    """
    from warehouse.builds import build_folder

    data = build_folder(data) if data else None
    if stage == "all":
        from train.commands_curriculum import run_all

        if walked["semantic"]:
            walked["semantic"] = build_folder(walked["semantic"])

        return run_all(model, data, pack, most, changes, as_json, parents=parents, **walked)
    if not stage.isdecimal():
        raise AgpError(f"{stage} is no stage; give a number, 0 for the map of layers, or all")
    if stage == "0":
        from train.commands_capture import run_stage0

        return run_stage0(model, pack, most, changes, as_json)
    from train.stages.runs import find_capture, find_run

    taken = tuple(find_capture(name) for name in captures)
    begun = tuple(find_run(name) for name in parents)
    use_openblas()
    from train.stages import loop
    from train.stages import stage as stages

    request = stages.Request(
        model,
        data,
        taken,
        begun,
        (*changes, *([f"blocks={blocks}"] if blocks else [])),
    )
    with stop_on_signal() as stopped:
        run, ready = stages.start(int(stage), request)
        finish(run, ready, loop.Progress(), stopped, as_json)


@click.command()
@click.argument("run")
@click.option(
    "--from",
    "source",
    type=click.Choice(["last", "best"]),
    default="last",
    show_default=True,
    help="Which checkpoint.",
)
@JSON
def resume(run: str, source: str, as_json: bool) -> None:
    """Go on with a run that was stopped, killed or failed, exactly as if it had not been.

    \b
    Example:
      agp train resume s1-20261125-0510
    """
    use_openblas()
    from train.stages import runs, training

    with stop_on_signal() as stopped:
        folder = runs.find_run(run)
        if runs.is_held(folder):
            raise AgpError(f"run {folder.name} is being trained by another process")
        ready, progress = training.resume(folder, source)
        finish(folder, ready, progress, stopped, as_json)


class stop_on_signal:
    """While open, Ctrl-C and a polite kill only set a flag; a second Ctrl-C ends at once."""

    def __enter__(self) -> Callable[[], bool]:
        """Return a function that says whether a stop was asked for."""
        self.asked = False
        self.before = {s: signal.getsignal(s) for s in (signal.SIGINT, signal.SIGTERM)}
        for number in self.before:
            signal.signal(number, self.ask)
        return lambda: self.asked

    def ask(self, number: int, _: object) -> None:
        """Remember the wish."""
        if self.asked:
            raise KeyboardInterrupt
        self.asked = True
        click.echo("agp: saving after this step", err=True)

    def __exit__(self, *_: object) -> None:
        """Give the signals back."""
        for number, handler in self.before.items():
            signal.signal(number, handler)


def finish(
    run: Path, ready: Any, progress: Any, stopped: Callable[[], bool], as_json: bool
) -> None:
    """Train under a progress bar, register the run before and after, say how it ended."""
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    from train.stages import training
    from train.stages.register import register
    from train.stages.runs import summary

    columns = (TextColumn("{task.description}"), BarColumn(), TimeRemainingColumn())
    register(run)
    try:
        with Progress(*columns, console=Console(stderr=True)) as bar:
            task = bar.add_task(run.name, total=ready.total_steps())

            def watch(line: dict[str, Any], total: int) -> None:
                bar.update(task, completed=line["step"], description=describe(line))

            training.train(run, ready, progress, watch, stopped)
    finally:
        register(run)
    result = summary(run)
    if as_json:
        print_json(result)
        return
    say = f"{run.name}: {result['state']} after {counted(result['steps'], 'step')}"
    console().print(f"{say}, best validation loss {progress.best_loss:.4f}")
    if result["state"] == "stopped":
        console().print(f"go on with: agp train resume {run.name}")
    console().print(f"{ready.weights_file.split('.')[0]}: {run / 'best'}", soft_wrap=True)


def describe(line: dict[str, Any]) -> str:
    """Return a line of metrics as the progress bar says it."""
    if "valid_loss" in line:
        return f"step {line['step']} · validation {line['valid_loss']:.3f}"
    rate = line["tokens"] / max(line["seconds"], 1e-9)
    return (
        f"step {line['step']} · loss {line['loss']:.3f} · {rate:,.0f} tokens/s"
        f" · {line['peak_mb']:,} MB"
    )


@click.command("list")
@JSON
def list_runs(as_json: bool) -> None:
    """List the runs, the newest first.

    \b
    Example:
      agp runs list
    """
    from train.stages.runs import all_runs

    found = all_runs()
    if as_json:
        print_json(found)
    else:
        none = (
            "no run yet; `agp train plan 1` says what one would take, `agp train run 1` makes one"
        )
        print_entries((as_entry(run) for run in found), empty=none)


def as_entry(run: dict[str, Any]) -> tuple[str, list[Any], str]:
    """Return a run as a list shows it: what it is, and below that how far it came.

    >>> as_entry({"run_id": "s1", "model": "tiny", "state": "stopped", "steps": 80})
    ('s1', ['tiny', 'stopped', ''], '80 steps')
    """
    parts = (("steps", "{:,} steps"), ("seconds", "{:,.0f} s"), ("best_loss", "best loss {:.4g}"))
    came = [words.format(run[key]) for key, words in parts if run.get(key) is not None]
    facts = [run["model"], run["state"], moment(run.get("started_at"))]
    return run["run_id"], facts, ", ".join(came) or "nothing yet"


@click.command("show")
@click.argument("run")
@JSON
def show_run(run: str, as_json: bool) -> None:
    """Show what a run was made of and how it went.

    \b
    Example:
      agp runs show s1-20261125-0510
    """
    from train.stages.runs import find_run, metrics, read_json, summary

    folder = find_run(run)
    facts, values = summary(folder), metrics(folder)
    if as_json:
        print_json({**facts, "metrics": values})
        return
    plain = {k: v for k, v in facts.items() if not isinstance(v, dict | list) and k != "at"}
    print_table(("fact", "value"), plain.items())
    valid = [(m["step"], m["valid_loss"]) for m in values if "valid_loss" in m]
    print_table(("step", "validation loss"), valid)
    for file in sorted((folder / "evaluations").glob("*.json")):
        from train.commands_eval import print_document

        print_document(read_json(file))
