"""`agp restore`: a transcript that its agent has deleted, back in its place, byte for byte."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import counted, print_json, print_table, sized
from warehouse.errors import AgpError

if TYPE_CHECKING:
    from lanes.restore.wanted import Gone
    from lanes.restore.write import Given

LISTED = 20  # sessions that can be given back


@click.command()
@click.argument("sessions", nargs=-1, metavar="[SESSION]...")
@click.option("--gone", "all_gone", is_flag=True, help="Every file that is no longer there.")
@click.option("--to", type=click.Path(path_type=Path, file_okay=False), help="Below this folder.")
@click.option("--touch", is_flag=True, help="With the time of now instead of the file's own.")
@click.option("--json", "as_json", is_flag=True, help="Print what became of each file as JSON.")
def restore(
    sessions: tuple[str, ...], all_gone: bool, to: Path | None, touch: bool, as_json: bool
) -> None:
    """Write deleted transcripts back, with their subagents and tool output.

    Each file stands again under its own name, byte for byte and with its time, so that
    `claude --resume` finds the session. No file that stands is ever written over, and nothing is
    written outside of the agents' homes, or of DIR. Without a SESSION (an id, or its first six or
    more characters) it lists what can be given back. Claude Code deletes what is older than
    cleanupPeriodDays at its next start: --touch saves it from that for as many days. The exit
    status is 1 where a file could not be given back.

    \b
    agp restore                    # what is gone, and kept here
    agp restore 5e551011           # that session, in its place
    agp restore --gone --to ~/old  # all; CLAUDE_CONFIG_DIR=~/old claude --resume
    """
    from lanes.restore.wanted import gone, kept, wanted
    from lanes.restore.write import OTHER, REFUSED, THERE, WRITTEN, give_back
    from warehouse.store import open_reader

    if sessions and all_gone:
        raise AgpError("name sessions or say --gone, not both")
    with open_reader() as con:
        if not sessions and not all_gone:
            list_gone(*gone(con), kept(con), as_json)
            return
        files = wanted(con, None if all_gone else sessions)
        given = [give_back(con, file, to, touch) for file in files]
    if to is None:
        standing = (WRITTEN, THERE)
        note([f.file_id for f, g in zip(files, given, strict=True) if g.state in standing])
    if as_json:
        print_json([asdict(item) for item in given])
    else:
        show(given, to)
    if any(item.state in (OTHER, REFUSED) for item in given):
        raise SystemExit(1)


def note(file_ids: list[str]) -> None:
    """Note which files stand again; where another process holds the warehouse, say what follows."""
    from lanes.restore.write import note_present
    from warehouse.store import open_writer

    if not file_ids:
        return
    try:
        with open_writer(create=False) as con:
            note_present(con, file_ids)
    except AgpError as error:
        click.echo(f"they count as gone until the next `agp ingest`: {error}", err=True)


def list_gone(found: "list[Gone]", others: int, any_kept: bool, as_json: bool) -> None:
    """Print the sessions that can be given back, and how many other files can."""
    if as_json:
        print_json([session._asdict() for session in found])
        return
    if found:
        print_sessions(found)
    elif any_kept:
        click.echo("Every transcript that is kept here stands in its place.")
    else:
        click.echo("No transcript is kept here yet; `agp ingest` keeps those that are there.")
    if others:
        beside = f"{counted(others, 'file')} of subagents or tool output"
        click.echo(f"Gone beside these: {beside}; `agp restore --gone` brings all back")


def print_sessions(found: "list[Gone]") -> None:
    """Print a line a session, the last to speak first."""
    rows: list[list[Any]] = [
        [s.session_id, s.project, s.title, str(s.ended_at or "")[:10], s.files, s.bytes // 1000]
        for s in found[:LISTED]
    ]
    print_table(["session", "project", "title", "last word", "files", "kB"], rows)
    if len(found) > LISTED:
        click.echo(f"and {len(found) - LISTED:,} more; --json lists them all")
    click.echo("`agp restore SESSION` gives one back, `agp restore --gone` all of them")


def show(given: "list[Given]", to: Path | None) -> None:
    """Print what became of the files, and how to go on."""
    from lanes.restore.write import THERE, WRITTEN

    written = [item for item in given if item.state == WRITTEN]
    there = sum(item.state == THERE for item in given)
    for item in given:
        if item.why:
            click.echo(f"not written: {item.path}: {item.why}", err=True)
        if item.missing:
            click.echo(f"{item.path}: {item.missing:,} bytes of its last line were not kept")
    size = sum(item.bytes for item in written)
    stood = f", {there:,} stood there" if there else ""
    click.echo(f"{counted(len(written), 'file')} written back ({sized(size)}){stood}")
    resumable = [i for i in written if i.kind == "transcript" and "/rollout-" not in i.path]
    if resumable:
        where = "" if to is None else f"CLAUDE_CONFIG_DIR={to} "
        click.echo(f"to go on in one: {where}claude --resume {resumable[0].session_id}")
