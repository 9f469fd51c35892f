"""`agp train subset`: the random-subset baseline of a run."""

from pathlib import Path

import click

from train.blas import use_openblas
from train.commands import JSON, finish, stop_on_signal


@click.command()
@click.argument("run")
@click.option("--data", type=click.Path(path_type=Path), help="Draw from this build instead.")
@click.option(
    "--share",
    type=click.FloatRange(0, 1, min_open=True),
    default=0.5,
    show_default=True,
    help="Of the run's rows, or of as many.",
)
@click.option("--seed", default=0, show_default=True, help="Of the draw and of the training.")
@JSON
def subset(run: str, data: Path | None, share: float, seed: int, as_json: bool) -> None:
    """Train a run's baseline: its settings and its number of steps, on rows drawn at random.

    They are half as much as the run's rows, or --share of that; with --data they are drawn from
    another dataset, such as one built under fewer rules. `agp eval RUN --random-subset BASELINE`
    puts it into the table.

    \b
    Examples:
      agp train subset s1-20261125-0510
      agp train subset s1-20261125-0510 --data unfiltered --share 1
    """
    use_openblas()
    from train.stages import loop
    from train.stages.runs import find_run
    from train.stages.subset import start_subset

    with stop_on_signal() as stopped:
        folder, ready = start_subset(find_run(run), data, share, seed)
        finish(folder, ready, loop.Progress(), stopped, as_json)
