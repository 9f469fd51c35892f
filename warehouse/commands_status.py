"""`agp status`: what is in the warehouse, what became of every record, and how well it was read."""

from datetime import datetime
from typing import Any

import click

from warehouse.console import print_json, print_table
from warehouse.home import warehouse_path
from warehouse.interrupt import read
from warehouse.status import status as measure
from warehouse.status.chart import chart


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def status(as_json: bool) -> None:
    """Say what is in the warehouse: by source, record by record, and how well it was read.

    Nothing is dropped in silence: the records that became messages, those that are other things,
    and those that could not be read add up to all that was read.

    \b
    agp status
    agp status --json
    """
    found = read(lambda con: measure(con, warehouse_path()))
    if as_json:
        print_json(found)
        return
    show_head(found)
    show_sources(found["sources"])
    if not found["sources"]:
        return
    show_months(found["months"])
    if ambiguous := found["logged_prompts"]["ambiguous"]:
        click.echo(f"{ambiguous:,} logged prompts may be another's: v_ambiguous_prompts")
    show_records(found["records"])
    show_tools(found["tool_calls"])


def show_head(found: dict[str, Any]) -> None:
    """Print where it is, how large, and when it was last fed."""
    click.echo(found["warehouse"])
    size = f"{megabytes(found['bytes_stored'])} MB on disk"
    if found["bytes_read"]:
        ratio, read = found["stored_to_read"], megabytes(found["bytes_read"])
        size += f", {ratio:.2f} × the {read} MB it was read from"
    last = found["last_finished"]
    click.echo(size)
    if last:
        click.echo(f"last ingest {minute(last)} UTC")
    if found["unfinished"]:
        click.echo("an ingest was cut short; `agp ingest` finishes its work")


def show_sources(sources: list[dict[str, Any]]) -> None:
    """Print a row a source."""
    click.echo()
    seen = ["seen"] if any(source["seen"] > source["exchanges"] for source in sources) else []
    counts = ["records", "exchanges", "prompts", *seen]
    print_table(
        ["source", "files", "gone", "MB", *counts, "from", "to"],
        [
            [
                *(source[name] for name in ("source", "files", "gone")),
                megabytes(source["bytes"]),
                *(source[name] for name in counts),
                *(day(source[name]) for name in ("first_at", "last_at")),
            ]
            for source in sources
        ],
        empty="nothing was ingested yet; `agp ingest` brings history in",
    )
    if seen:
        click.echo("seen: exchanges it shows, also those whose words a higher source decides")
    if any(source["gone"] for source in sources):
        click.echo("gone: deleted where they stood since, and kept here")


def show_months(counts: list[dict[str, Any]]) -> None:
    """Draw how many exchanges each source saw in each month."""
    months, lines = chart(counts)
    if not lines:
        return
    click.echo(f"\nexchanges seen by month, {months[0]} to {months[-1]}")
    width = max(len(source) for source, *_ in lines)
    for source, bars, total in lines:
        click.echo(f"{source:{width}}  {bars}  {total:,}")


def show_records(fates: list[dict[str, Any]]) -> None:
    """Print what became of the records, and their sum."""
    click.echo()
    total = {name: sum(fate[name] for fate in fates) for name in ("records", "bytes")}
    print_table(
        ["what became of the records", "records", "MB", "of which"],
        [
            (fate["fate"], fate["records"], megabytes(fate["bytes"]), most(fate["kinds"]))
            for fate in fates
        ]
        + [("all", total["records"], megabytes(total["bytes"]), "")],
    )


def show_tools(tools: dict[str, int]) -> None:
    """Print the share of tool calls joined to their results, and of errors that were explicit."""
    if not tools["calls"]:
        return
    joined = f"{100 * tools['joined'] / tools['calls']:.1f} % of them joined to a result"
    click.echo(f"\n{tools['calls']:,} tool calls, {joined}")
    if tools["errors"]:
        share = 100 * tools["explicit_errors"] / tools["errors"]
        click.echo(
            f"{tools['errors']:,} failed, {share:.0f} % of these by the source's own word; "
            f"{tools['rejected']:,} refused by the person"
        )


def most(kinds: dict[str, int], count: int = 5) -> str:
    """Name the most frequent kinds.

    >>> most({"person": 3, "agent": 1200})
    'person 3, agent 1,200'
    """
    words = [f"{kind} {number:,}" for kind, number in list(kinds.items())[:count]]
    more = sum(list(kinds.values())[count:])
    return ", ".join([*words, f"others {more:,}"] if more else words)


def megabytes(count: int) -> str:
    """Return bytes as MB, with a decimal while there are few."""
    return f"{count / 1e6:,.1f}" if count < 1e8 else f"{count / 1e6:,.0f}"


def minute(at: datetime) -> str:
    """Return a time to the minute."""
    return f"{at:%Y-%m-%d %H:%M}"


def day(at: datetime | None) -> str:
    """Return a date."""
    return f"{at:%Y-%m-%d}" if at else ""
