"""What both commands of the real model are asked: where everything lies, which page is written."""

from pathlib import Path

import click

folder_option = click.option(
    "--folder",
    type=click.Path(path_type=Path, file_okay=False),
    default=Path(".real"),
    show_default=True,
    help="Where everything goes; git ignores it.",
)
results_option = click.option(
    "--results",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("docs/results.md"),
    show_default=True,
    help="The page whose table is written.",
)
