"""`agp rollback`, `agp bundle use` and `agp bundle list`: which bundle is current."""

from pathlib import Path
from typing import Any

import click

from warehouse.console import console, print_json, print_table

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("run", required=False)
@JSON
def rollback(run: str | None, as_json: bool) -> None:
    """Go back from a joint finetune: make the bundle current that it began from.

    RUN is a run of stage 6; without one it is that of the current bundle. The bundle was put away
    whole before the run's first step; every byte of it is read and checked before it is current,
    and where a part is missing or changed nothing happens.

    \b
    Examples:
      agp rollback
      agp rollback s6-20261126-1510
    """
    from train.stages.runs import find_run

    folder = find_run(run) if run else None
    from train.stages.shelf import rollback as go_back

    say(go_back(folder), as_json)


@click.command("use")
@click.argument("names", metavar="RUN...|FOLDER", nargs=-1, required=True)
@JSON
def use(names: tuple[str, ...], as_json: bool) -> None:
    """Make a bundle current: one in a folder, or a new one of some runs, kept under its digest.

    \b
    Examples:
      agp bundle use s6-20261126-1510
      agp bundle use my-bundle
    """
    from train.stages.runs import find_run, must_be

    for name in names:
        must_be(name)
    from train.model.bundle import MANIFEST, load
    from train.stages import shelf

    folder = Path(names[0])
    if len(names) == 1 and (folder / MANIFEST).is_file():
        found = load(folder)
    else:
        found = shelf.keep([find_run(name) for name in names])
    say(shelf.use(found), as_json)


@click.command("list")
@JSON
def list_bundles(as_json: bool) -> None:
    """List the bundles that AGP keeps, the newest first, and which one is current.

    \b
    Example:
      agp bundle list
    """
    from train.stages import shelf

    found = shelf.kept()
    if as_json:
        print_json(found)
        return
    rows = [("*" if b["current"] else "", b["digest"], b["model"], b["parts"]) for b in found]
    none = "no bundle is kept yet; one is when stage 6 ends, or when it is promoted"
    print_table(("", "bundle", "model", "parts"), rows, empty=none)


def say(document: dict[str, Any], as_json: bool) -> None:
    """Print which bundle is current."""
    if as_json:
        print_json(document)
        return
    parts = ", ".join(f"{role} of {run}" for role, run in document["runs"].items())
    console().print(f"current: {document['digest']} ({parts})", markup=False, soft_wrap=True)
