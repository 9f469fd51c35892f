"""What `agp ingest` says of memory tables: which are meant, whether they can be read, what came."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from lanes.memories.ingest import Memories
from warehouse.console import Progress

if TYPE_CHECKING:
    from lanes.memories.follow import Read

SUPABASE = "supabase"  # in place of a path: the memory tables


def asked(paths: tuple[str, ...], full: bool) -> Memories | None:
    """Return which memory tables an ingest reads as well; None: none."""
    from lanes.memories.access import MISSING, access
    from warehouse.errors import AgpError

    alone = paths == (SUPABASE,)
    way = access() if alone or not paths else None
    if way is None and alone:
        raise AgpError(MISSING)
    return Memories(way, alone, full) if way else None


def counted(progress: Progress) -> Callable[[int], None]:
    """Return a function of bytes that came, whose number nobody knows beforehand."""
    done = 0

    def more(size: int) -> None:
        nonlocal done
        done += size
        progress(done, done)

    return more


def print_check(as_json: bool) -> None:
    """Say what of the way to the tables is as it should be; exit 2 where something is not."""
    from lanes.memories.check import check
    from warehouse.console import print_json

    found = check()
    if as_json:
        print_json([asdict(line) for line in found])
    else:
        for line in found:
            click.echo(f"{line.mark:7}  {line.what}: {line.says}")
    if any(line.mark == "wrong" for line in found):
        raise SystemExit(2)


def print_tables(tables: "list[Read]") -> None:
    """Print what came of each memory table."""
    from warehouse.console import print_table

    click.echo()
    rows = [
        (read.table, read.rows if read.there else None, read.same or None, read.gone or None)
        for read in tables
    ]
    print_table(("memory table", "new rows", "came again", "gone"), rows)
    for read in tables:
        if read.note:
            click.echo(f"{read.table}: {read.note}")
