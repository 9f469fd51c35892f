"""`agp runs plot`: a run's losses and curves as a picture."""

from pathlib import Path

import click

from warehouse.console import console


@click.command("plot")
@click.argument("run")
@click.option("--out", type=click.Path(path_type=Path), help="An .svg, .png or .pdf; RUN.svg.")
def plot_run(run: str, out: Path | None) -> None:
    """Draw a run: its losses and, where it was evaluated, risk over coverage and reliability.

    \b
    Example:
      agp runs plot s2-20261126-1553 --out heads.svg
    """
    from train.eval.plots import draw
    from train.stages.runs import find_run, metrics, read_json

    folder = find_run(run)
    documents = [read_json(file) for file in sorted((folder / "evaluations").glob("*.json"))]
    target = out or Path(f"{folder.name}.svg")
    draw(folder.name, metrics(folder), documents, target)
    console().print(str(target), soft_wrap=True)
