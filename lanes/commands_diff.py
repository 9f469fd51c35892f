"""`agp lanes diff`: what two builds have in common, and what they do not."""

from collections import Counter
from typing import Any

import click

from warehouse.console import counted, print_json, print_table

SHOWN = 5  # ids of a kind


@click.command()
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print JSON, with every exchange.")
def diff(first: str, second: str, as_json: bool) -> None:
    """Compare two builds: exchanges in one of them only, splits, weights, copies, settings.

    FIRST and SECOND are ids or folders of builds, as a rule of one lane.

    \b
    agp lanes diff FIRST SECOND
    """
    from lanes.diff import diff as compare

    found = compare(first, second)
    if as_json:
        print_json(found)
        return
    alike = counted(found["same"], "exchange")
    click.echo(f"alike in {' and '.join(found['builds'])}: {alike}")
    rows = [
        ["only in the first", len(found["only_first"]), some(found["only_first"])],
        ["only in the second", len(found["only_second"]), some(found["only_second"])],
        *(changes(found, what) for what in ("split", "weight", "rows")),
    ]
    if rows := [row for row in rows if row[1]]:
        print_table(("exchanges", "how many", "such as"), rows)
    settings = [[name, *pair] for name, pair in found["settings"].items()]
    if settings:
        print_table(("made by", "first", "second"), settings)
    if not rows and not settings:
        click.echo("nothing differs: the same exchanges, made by the same rules and settings")


def changes(found: dict[str, Any], what: str) -> list[Any]:
    """Return a line of the table about one kind of change."""
    lines = found[f"{what}_changed"]
    ways = Counter(f"{line['was']} → {line['is']}" for line in lines)
    counted = ", ".join(f"{n:,} {way}" for way, n in ways.most_common(SHOWN))
    return [f"{what} changed", len(lines), counted]


def some(names: list[str]) -> str:
    """Return a few ids."""
    return " ".join(names[:SHOWN])
