"""`agp ingest`: what is new on this machine into the warehouse, with progress and a summary."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

import click

from lanes.commands_memories import SUPABASE, asked, counted, print_check, print_tables, wanted
from lanes.ingest.run import Summary
from lanes.ingest.run import ingest as run
from warehouse.console import byte_bar


@click.command()
@click.argument("paths", nargs=-1, type=click.Path(), metavar="[PATH]...")
@click.option("--check", is_flag=True, help="With supabase: test address, key and columns only.")
@click.option("--full", is_flag=True, help="With supabase: read every row again, and compare.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as JSON.")
@click.option("--watch", is_flag=True, help="Follow live: again whenever a file has changed.")
@click.option(
    "--every", default=5.0, show_default=True, metavar="SECONDS", help="How often to look, with it."
)
@click.option(
    "--processes",
    type=click.IntRange(0, 16),
    metavar="N",
    help="How many parse beside the one that writes; by default as many as pay.",
)
def ingest(
    paths: tuple[str, ...],
    check: bool,
    full: bool,
    as_json: bool,
    watch: bool,
    every: float,
    processes: int | None,
) -> None:
    """Bring what is new on this machine into the warehouse.

    Without a PATH it looks where Claude Code and Codex keep their history: ~/.claude and ~/.codex,
    and CLAUDE_CONFIG_DIR and CODEX_HOME where those are set; and, where SUPABASE_URL and
    SUPABASE_KEY are set, in the memory tables of that project (with --watch every five minutes).
    The word supabase in place of a PATH means these tables alone. Again at any time: only what is
    new is read, and nothing that was kept is ever lost, also when its file is rewritten or deleted.

    \b
    agp ingest                      # everything on this machine
    agp ingest ~/backup/.claude     # a folder, or a single transcript
    agp ingest supabase --check     # can the memory tables be read?
    agp ingest supabase             # what is new in them
    agp ingest memory_turns.jsonl   # a file of their rows
    agp ingest --json               # the summary, for scripts
    agp ingest --watch              # until Ctrl-C; others may write between
    """
    if (check or full) and paths != (SUPABASE,):
        raise click.UsageError("--check and --full belong to: agp ingest supabase")
    if check:
        print_check(as_json)
        return
    if watch:
        follow(paths, as_json, max(every, 0.1))
        return
    memories = asked(paths, full)
    with byte_bar(quiet=as_json) as progress:
        if memories:
            memories.progress = counted(progress)
        summary = run(paths, progress, memories, processes)
    if as_json:
        print_as_json(summary)
    else:
        print_summary(summary)
    if memories and memories.failed and memories.alone:
        raise memories.failed


def follow(paths: tuple[str, ...], as_json: bool, seconds: float) -> None:
    """Ingest again and again, with a line a round that brought anything."""
    from lanes.ingest.watch import watch

    def told(summary: Summary) -> None:
        if as_json:
            print_as_json(summary, line=True)
        elif any(new(summary).values()):
            parts = ", ".join(f"{count:,} {name}" for name, count in new(summary).items() if count)
            click.echo(f"{datetime.now():%H:%M:%S}  new: {parts}")

    click.echo("following; Ctrl-C ends it", err=True)
    alone = paths == (SUPABASE,)
    if alone:
        wanted(paths)  # a way that is not there is an error now
    trouble = lambda why: click.echo(f"agp: {' '.join(why.split())}", err=True)  # noqa: E731
    watch(None if alone else paths, seconds, told, trouble, lambda: wanted(paths))
    click.echo("ended; what was read is kept", err=True)


SOURCES = ("source", "files read", "new records", "new exchanges", "exchanges seen")


def source_row(source: str, found: dict[str, Any]) -> tuple[Any, ...]:
    """Return a source's line: what is new of it, and how many exchanges it has shown in all."""
    return (
        source,
        *(found[name] for name in ("read", "new_records", "new_exchanges", "exchanges")),
    )


def new(summary: Summary) -> dict[str, int]:
    """Return what this ingest added."""
    return {name: summary.after[name] - count for name, count in summary.before.items()}


def print_as_json(summary: Summary, line: bool = False) -> None:
    """Print the summary for scripts, on one line where several follow."""
    from warehouse.console import print_json

    print_json(
        {
            "new": new(summary),
            "warehouse": summary.after,
            "noise": dict(summary.noise),
            "sources": summary.sources,
            "memories": [asdict(read) for read in summary.memories],
            "files": {
                "read": summary.read,
                "unchanged": summary.unchanged,
                "gone": summary.gone,
                "unreadable": [{"path": p, "reason": why} for p, why in summary.unreadable],
            },
        },
        line,
    )


def print_summary(summary: Summary) -> None:
    """Print the summary for people."""
    from warehouse.console import print_table

    added = new(summary)
    rows: list[tuple[str, int | None, int]] = [
        ("files", added["files"], summary.after["files"]),
        ("MB", added["bytes"] // 1_000_000, summary.after["bytes"] // 1_000_000),
        ("records", added["records"], summary.after["records"]),
        ("quarantined", added["quarantined"], summary.after["quarantined"]),
        ("exchanges", added["exchanges"], summary.after["exchanges"]),
        ("people's prompts", added["prompts"], summary.after["prompts"]),
    ]
    rows += [(f"noise: {kind.replace('_', ' ')}", None, count) for kind, count in summary.noise]
    print_table(("", "new", "in the warehouse"), rows)
    if summary.sources:
        click.echo()
        print_table(SOURCES, [source_row(*item) for item in summary.sources.items()])
    if summary.memories:
        print_tables(summary.memories)
    for source, found in summary.sources.items():
        if found["reasons"]:
            click.echo(f"kept but not readable of {source}: {found['reasons']}")
    for path, reason in summary.unreadable:
        click.echo(f"not read: {path}: {reason}", err=True)
    if not summary.after["files"]:
        click.echo("No transcript was found; give a folder: agp ingest PATH", err=True)
    elif summary.empty:
        where = ", ".join(summary.empty)
        click.echo(f"no history was found in {where}; docs/sources.md says what is", err=True)
