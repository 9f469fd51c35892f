"""`agp runs plot` and `agp captures plot`: curves and maps as pictures."""

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


@click.command("plot")
@click.argument("capture")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("map.svg"),
    show_default=True,
    help="An SVG, PNG or PDF file.",
)
@click.option("--split", default="valid", show_default=True, help="Whose prompts are drawn.")
def plot_capture(capture: str, out: Path, split: str) -> None:
    """Draw KL and agreement by layer, and where an oracle stops.

    \b
    Example:
      agp captures plot c4f1 --out map.svg
    """
    from train.eval.plots_map import draw_map
    from train.harness.capture import read_manifest
    from train.stages import stage0
    from train.stages.runs import find_capture

    folder = find_capture(capture)
    facts, found = read_manifest(folder), stage0.report(folder, split)
    oracle = found.measures[0].estimate
    title = f"{facts['model']}, {facts['pack']} pack, {split}: {oracle.n} prompts"
    draw_map(title, found.layers, found.exits, out)
    click.echo(f"{out}: drawn")
