"""`agp model`: the tiny model, and what a model folder holds."""

from pathlib import Path

import click

from train.blas import use_openblas
from warehouse.console import console, print_json, print_table


@click.command()
@click.argument("path")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(path: str, as_json: bool) -> None:
    """Say what a model is: layers, sizes, which layers share keys and values.

    \b
    Example:
      agp model show tiny
    """
    from train.model.describe import describe

    facts = describe(path)
    if as_json:
        print_json(facts)
    else:
        print_table(("fact", "value"), facts.items())


@click.command("build-tiny")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default=Path("tiny"),
    show_default=True,
    help="A folder.",
)
@click.option("--seed", default=7, show_default=True, help="Of text and weights.")
@click.option("--steps", default=1500, show_default=True, help="Optimizer steps of 16 rows.")
@click.option("--documents", default=12000, show_default=True, help="Documents grown to train on.")
@click.option("--json", "as_json", is_flag=True, help="Print the card's facts as JSON.")
def build_tiny(out: Path, seed: int, steps: int, documents: int, as_json: bool) -> None:
    """Train the tiny Gemma 4 and its tokenizer from nothing, on the project's own text.

    \b
    Example:
      agp model build-tiny --out /tmp/tiny
    """
    use_openblas()
    import mlx.core as mx
    from rich.console import Console
    from rich.progress import Progress

    from train.model.tiny import build

    if mx.default_device() == mx.Device(mx.cpu):
        mx.disable_compile()
    with Progress(console=Console(stderr=True)) as bar:
        task = bar.add_task("training", total=steps)

        def advance(done: int, loss: float) -> None:
            bar.update(task, completed=done, description=f"loss {loss:.3f}")

        facts = build(out, seed, steps, documents, advance)
    if as_json:
        print_json(facts)
    else:
        console().print(f"{out}: {facts['parameters']:,} parameters, held-out loss {facts['loss']}")
