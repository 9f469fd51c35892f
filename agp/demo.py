"""`agp demo`: the bundled history in a home of its own, walked through with the public commands."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click


@click.command()
@click.option(
    "--keep",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Walk in this folder and leave it there, to look around in afterwards.",
)
@click.option(
    "--history",
    type=click.Path(path_type=Path, file_okay=False),
    metavar="DIR",
    help="Only lay the sample history into this folder, to try things on.",
)
@click.option("--short", is_flag=True, help="End after stage 1: history, dataset, adapter.")
def demo(keep: Path | None, history: Path | None, short: bool) -> None:
    """Walk the whole way on the bundled sample history, offline, in about six minutes.

    Nothing of yours is read or written: the demo has a home of its own, removed afterwards
    unless you keep it.

    \b
    Examples:
      agp demo
      agp demo --short
      agp demo --keep ./demo-home
      agp demo --history ./sample
    """
    if history:
        lay(history)
        return
    from train.blas import use_openblas

    use_openblas()
    from agp.demo_steps import walk
    from lanes.sample_history import copy_to

    if keep:
        fill(keep)
        with living_in(keep.absolute()):
            walk(keep.absolute(), kept=True, short=short)
        return
    with tempfile.TemporaryDirectory(prefix="agp-demo-") as folder:
        copy_to(Path(folder))
        with living_in(Path(folder)):
            walk(Path(folder), kept=False, short=short)


def fill(folder: Path) -> None:
    """Copy the sample history into a folder that is new or empty."""
    from lanes.sample_history import copy_to
    from warehouse.errors import AgpError

    if folder.exists() and any(folder.iterdir()):
        raise AgpError(f"{folder} is not empty; name a folder that is new or empty")
    folder.mkdir(parents=True, exist_ok=True)
    copy_to(folder)


def lay(folder: Path) -> None:
    """Copy the sample history into a folder, and say how to read it."""
    fill(folder)
    click.echo(f"{folder} holds the sample history; into a warehouse of its own it is read by")
    click.echo(f"AGP_HOME={folder / '.agp'} agp ingest {folder / '.claude'}")


@contextmanager
def living_in(home: Path) -> Iterator[None]:
    """Make `home` the home folder for a while, with nothing of this machine's own in sight."""
    before = dict(os.environ)
    project = ("SUPABASE_URL", "SUPABASE_KEY", "SUPABASE_DB_URL")
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME", *project):
        os.environ.pop(name, None)
    os.environ |= {"HOME": str(home), "AGP_HOME": str(home / ".agp"), "COLUMNS": "80"}
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
