"""`agp schedule`: a timer of systemd or launchd that runs `agp ingest`."""

import os

import click

from lanes.schedule.units import EVERY, KINDS, kind_here, units
from warehouse.console import print_json

every = click.option(
    "--every",
    "hours",
    type=click.Choice(EVERY),
    default="6",
    show_default=True,
    help="Hours between two runs.",
)
files_only = click.option(
    "--files-only", is_flag=True, help="Leave it to you to tell systemd or launchd."
)


@click.command()
@every
@click.option("--kind", type=click.Choice(KINDS), help="Of which system; this one's by default.")
@click.option("--json", "as_json", is_flag=True, help="Print path and text of each file as JSON.")
def show(hours: str, kind: str | None, as_json: bool) -> None:
    """Print what `agp schedule install` would write, and where.

    \b
    agp schedule show
    agp schedule show --kind launchd --every 24
    """
    from lanes.schedule.install import installed

    found = units(kind or kind_here(), int(hours))
    if as_json:
        here = installed()
        texts = {str(path): text for path, text in found.items()}
        print_json({"installed": str(here) if here else None, "files": texts})
        return
    for path, text in found.items():
        click.secho(str(path), bold=True)
        click.echo(text)


@click.command()
@every
@files_only
def install(hours: str, files_only: bool) -> None:
    """Have this machine run `agp ingest` by itself, also after it slept through an hour.

    A user's timer of systemd (Linux) or an agent of launchd (macOS): no rights beyond your own.
    Places that are set (AGP_HOME, CLAUDE_CONFIG_DIR, CODEX_HOME) are handed on; keys are not.

    \b
    agp schedule install
    agp schedule install --every 1
    """
    from lanes.memories.access import NAMES, own_file
    from lanes.schedule.install import install as begin

    for path in begin(int(hours), files_only):
        click.echo(f"written: {path}")
    if any(os.environ.get(name) for name in NAMES) and not own_file().exists():
        click.echo(
            f"the timer is handed no keys; for it to read memory tables, write the variables as "
            f"NAME=VALUE lines into {own_file()} and run: chmod 600 {own_file()}"
        )
    if not files_only:
        click.echo(f"`agp ingest` runs every {hours} hours from now on")


@click.command()
@files_only
def remove(files_only: bool) -> None:
    """Take back what `agp schedule install` did.

    \b
    agp schedule remove
    """
    from lanes.schedule.install import remove as end

    removed = end(files_only)
    for path in removed:
        click.echo(f"removed: {path}")
    if not removed:
        click.echo("There is no timer of agp's here.")
