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
@click.option("--short", is_flag=True, help="End after stage 1: history, dataset, adapter.")
def demo(keep: Path | None, short: bool) -> None:
    """Walk the whole way on the bundled sample history, offline, in about four minutes.

    Nothing of yours is read or written: the demo has a home of its own, removed afterwards
    unless you keep it.

    \b
    Examples:
      agp demo
      agp demo --short
      agp demo --keep ./demo-home
    """
    from train.blas import use_openblas

    use_openblas()
    from agp.demo_steps import walk
    from lanes.sample_history import copy_to
    from warehouse.errors import AgpError

    if keep:
        if keep.exists() and any(keep.iterdir()):
            raise AgpError(f"{keep} is not empty; name a folder that is new or empty")
        keep.mkdir(parents=True, exist_ok=True)
        copy_to(keep)
        with living_in(keep.absolute()):
            walk(keep.absolute(), kept=True, short=short)
        return
    with tempfile.TemporaryDirectory(prefix="agp-demo-") as folder:
        copy_to(Path(folder))
        with living_in(Path(folder)):
            walk(Path(folder), kept=False, short=short)


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
