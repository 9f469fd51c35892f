"""`agp sources audit`: which source saw what, what could not be told, and how well it is told."""

from typing import Any

import click

from warehouse.console import print_json, print_table


@click.command()
@click.option("--planted", is_flag=True, help="Measure on the sample history too.")
@click.option("--limit", default=10, show_default=True, help="Prompts left apart to list; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def audit(planted: bool, limit: int, as_json: bool) -> None:
    """Say how the sources overlap, and list every prompt that may be another's.

    An exchange is one row however many sources saw it; the highest decides its words. What could be
    two exchanges stays apart and is listed, by id and reason. With --planted the sample history is
    read in a home of its own, and precision and recall are measured on what was planted in it.

    \b
    agp sources audit
    agp sources audit --planted --json
    """
    from lanes.sightings.audit import audit as look
    from warehouse.interrupt import read

    found = read(look)
    if planted:
        from lanes.sightings.planted import measure

        found["planted"] = measure()
    if as_json:
        print_json(found)
        return
    show(found, limit)
    if planted:
        show_planted(found["planted"])


def show(found: dict[str, Any], limit: int) -> None:
    """Print the overlap of the sources and what was left apart."""
    names = ("source", "seen", "decides", "alone", "shared")
    print_table(
        ["source", "exchanges seen", "decides", "seen by no other", "seen by others too"],
        [[row[name] for name in names] for row in found["sources"]],
        empty="no source has shown an exchange yet; `agp ingest` brings some in",
    )
    copies = found["copies"]
    click.echo(
        f"{copies['forked_sessions']:,} of {copies['sessions']:,} sessions carry on another's "
        f"({copies['families']:,} families);\n{copies['copied_exchanges']:,} exchanges stand in "
        "several files and count once"
    )
    apart = found["apart"]
    click.echo(f"{len(apart):,} logged prompts may be another's, and stay apart")
    if apart:
        rows = [
            [row["exchange_id"], row["source"], f"{row['asked_at'] or '':.10}", row["reason"]]
            for row in ({**r, "asked_at": str(r["asked_at"] or "")} for r in apart[: limit or None])
        ]
        print_table(["exchange", "source", "asked", "why"], rows)


def show_planted(found: dict[str, Any]) -> None:
    """Print precision and recall on the sample history."""
    click.echo(f"\nthe sample history: {found['lines']:,} planted log lines")
    rows = []
    for what, of in (("same exchange", "sightings"), ("forked sessions", "forks")):
        for name, score in found[of].items():
            low, high = score["interval"] or (None, None)
            rows.append([what, name, score["value"], low, high, score["right"], score["n"]])
    print_table(["pairs", "", "value", "low", "high", "right", "n"], rows)
    click.echo(f"{found['left_apart']:,} planted prompts were left apart, and are listed")
