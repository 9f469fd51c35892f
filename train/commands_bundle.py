"""`agp bundle`: everything that was trained around a model, in one folder that fits together."""

from pathlib import Path
from typing import Any

import click

from warehouse.console import console, print_json, print_table

PATH = click.Path(path_type=Path)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("run_ids", metavar="RUN...", nargs=-1, required=True)
@click.option("--out", type=PATH, required=True, help="A folder that is not there yet.")
@JSON
def make(run_ids: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Put the parts that some runs trained, and the adapter below them, into one folder.

    A semantic projection that was not shown to be of use is left out.

    \b
    Example:
      agp bundle make s2-20261126-1410 s5-20261126-1500 --out my-bundle
    """
    from train.stages.bundles import make as make_bundle
    from train.stages.critical import left_out
    from train.stages.runs import find_run

    wanted = [find_run(name) for name in run_ids]
    for run, why in left_out(wanted).items():
        click.echo(f"agp: {run.name} is left out: {why}", err=True)
    say(make_bundle(out, wanted), as_json)


@click.command()
@click.argument("folder", type=PATH)
@JSON
def show(folder: Path, as_json: bool) -> None:
    """Show what a bundle holds, and whose it is; every file is checked.

    \b
    Example:
      agp bundle show my-bundle
    """
    from train.model.bundle import load

    say(load(folder), as_json)


@click.command()
@click.argument("folder", type=PATH)
@click.option("--model", help="The model it shall belong to; its own if not given.")
@JSON
def verify(folder: Path, model: str | None, as_json: bool) -> None:
    """Check that a bundle is whole and belongs to a model; exit 2 where it does not.

    \b
    Example:
      agp bundle verify my-bundle --model tiny
    """
    from train.stages.bundles import verify as verify_bundle

    found = verify_bundle(folder, model)
    if as_json:
        print_json({"digest": found.manifest.digest, "whole": True})
    else:
        console().print(f"{folder}: whole, {found.manifest.digest}", soft_wrap=True)


def say(found: Any, as_json: bool) -> None:
    """Print a bundle's manifest."""
    manifest = found.manifest
    if as_json:
        print_json({"digest": manifest.digest, **manifest.model_dump()})
        return
    rows = [
        (role, part.run_id, len(part.files), ", ".join(part.files))
        for role, part in manifest.parts.items()
    ]
    backbone = manifest.backbone
    title = f"{manifest.digest} of {backbone.model} ({backbone.model_digest})"
    print_table(("part", "run", "files", "names"), rows, title=title)
