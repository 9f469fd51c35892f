"""`agp memories`, and what `agp ingest` says of memory tables: which are meant, and what came."""

from collections.abc import Callable
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

import click

from lanes.memories.ingest import Memories
from warehouse.console import Progress

if TYPE_CHECKING:
    from lanes.memories.follow import Read

SUPABASE = "supabase"  # in place of a path: the memory tables
SHOWN = 160  # characters of a memory


def asked(paths: tuple[str, ...], full: bool) -> Memories | None:
    """Return which memory tables an ingest reads as well; None: none.

    What is wrong with the way to them is an error only for who asked for nothing else.
    """
    from warehouse.errors import AgpError
    from warehouse.home import agp_home

    agp_home()  # a home that cannot be one is nobody's fault but its own
    try:
        return wanted(paths, full)
    except AgpError as error:
        if paths == (SUPABASE,):
            raise
        click.echo(f"not read: memory tables: {error}", err=True)
        return None


def wanted(paths: tuple[str, ...], full: bool = False) -> Memories | None:
    """Return which memory tables are meant; AgpError where the way to them is wrong."""
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


@click.command()
@click.argument("exchange")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def memories(exchange: str, as_json: bool) -> None:
    """Show the memories that precede EXCHANGE (an id, or the beginning of one) and are about it.

    By words, by embedding where the exchange's own prompt is a memory that has one, by project,
    conversation and time; `memories.toml` says how much of each. Secrets are replaced.

    \b
    agp memories x3f2a
    agp memories x3f2a --json
    """
    from filters.secrets import home_redactor
    from lanes.memories.linked import memories_of
    from lanes.memories.settings import memory_settings
    from warehouse.console import cell_text, print_json
    from warehouse.interrupt import read

    settings = memory_settings().linked
    exchange_id, found = read(lambda con: memories_of(con, exchange, settings))
    texts = home_redactor().texts([m["text"] for m in found])
    found = [m | {"text": text} for m, text in zip(found, texts, strict=True)]
    if as_json:
        print_json({"exchange_id": exchange_id, "memories": found})
        return
    if not found:
        click.echo(f"{exchange_id}: no memory before it is about it")
        return
    for memory in found:
        click.echo(heading(memory))
        click.echo(f"  {cell_text(' '.join(memory['text'].split())[:SHOWN])}")


def heading(memory: dict[str, Any]) -> str:
    """Return a memory's line: its id, when it was written, and what it has to do with it."""
    alike = {
        "words": memory["text_similarity"],
        "embedding": memory["embedding_similarity"],
    }
    same = [name for name in ("project", "conversation") if memory[f"same_{name}"]]
    parts = [
        memory["memory_id"],
        f"{memory['created_at']:%Y-%m-%d %H:%M}",
        memory["phase"] or "",
        *(f"{name} {value:.2f}" for name, value in alike.items() if value),
        *(f"same {name}" for name in same),
    ]
    return "  ".join(part for part in parts if part)
