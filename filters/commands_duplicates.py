"""`agp filters duplicates`: copies, near copies, and prompts that one template made."""

from typing import TYPE_CHECKING, Any

import click

from filters.commands import json_option
from warehouse.console import counted, print_json, print_table
from warehouse.errors import AgpError

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.command()
@click.argument("exchange", required=False)
@click.option(
    "--alike",
    type=click.Choice(["exact", "normalised", "near", "template"]),
    help="Only clusters that hold such a copy, or templates alone.",
)
@click.option(
    "--limit",
    type=click.IntRange(0),
    default=10,
    show_default=True,
    help="Clusters and templates; 0: all.",
)
@json_option
def list_duplicates(exchange: str | None, alike: str | None, limit: int, as_json: bool) -> None:
    """List clusters of copies and templates; of one EXCHANGE's cluster, what differs in its copies.

    exact: letter for letter. normalised: but for case, spaces and marks. near: but for a few
    letters, compared shingle by shingle (filters/near.toml). Of a cluster a dataset holds one; the
    exchanges of a template have other content each, stay, and are capped by weight.

    \b
    Examples:
      agp filters duplicates
      agp filters duplicates --alike near --limit 0 --json
      agp filters duplicates x3f2a
    """
    from filters.compile import rule_set
    from filters.duplicate_listing import copies_of, differences, listing, shown
    from filters.run import update
    from warehouse.interrupt import write

    rules = rule_set()

    def work(con: "DuckDBPyConnection") -> tuple[list[dict[str, Any]], dict[str, Any]]:
        update(con, rules)
        return (copies_of(con, exchange), {}) if exchange else ([], listing(con, alike, limit))

    copies, found = write(work)
    found = differences(copies) if exchange else shown(found)
    if as_json:
        print_json(found)
    elif exchange:
        show_differences(found)
    else:
        show_listing(found, alike)


def show_listing(found: dict[str, Any], alike: str | None) -> None:
    """Print clusters and templates, all or those that are `alike` so."""
    from filters.notes import NOTHING

    if not found["clusters"] and not found["templates"]:
        none = f"nothing is alike so: {alike}" if alike else "no two exchanges say the same"
        click.echo(none if found["totals"]["compared"] else NOTHING)
        return
    kinds = ("exact", "normalised", "near")
    rows = [
        [
            row["cluster_id"],
            row["exchanges"],
            ", ".join(f"{row[kind]} {kind}" for kind in kinds if row[kind]),
            row["begins"],
        ]
        for row in found["clusters"]
    ]
    title = "clusters: {clusters:,}, of {exchanges:,} exchanges".format(**found["totals"])
    if rows:
        print_table(("best copy", "all", "copies of it", "begins"), rows, title=title)
    more = found["totals"]["clusters"] - len(found["clusters"])
    if more and not alike:
        click.echo(f"… and {counted(more, 'more cluster')}; --limit 0 shows them")
    if found["templates"]:
        click.echo("\n" if rows else "", nl=False)
        keys = ("template_id", "exchanges", "sessions", "begins")
        rows = [[row[key] for key in keys] for row in found["templates"]]
        title = "templates: {templates:,}, of {made:,} exchanges".format(**found["totals"])
        print_table(("template", "all", *keys[2:]), rows, title=title)


def show_differences(found: dict[str, Any]) -> None:
    """Print a cluster's copies, each with what it has in the place of the best one's words."""
    if len(found["copies"]) < 2:
        raise AgpError(
            f"{found['cluster_id']} has no copy; `agp filters duplicates` lists clusters"
        )
    click.echo(f"{found['cluster_id']}: {found['begins']}")
    names = ("exchange", "how", "similarity", "source", "asked")
    keys = ("exchange_id", "method", "similarity", "source")
    rows = [[*(copy[k] for k in keys), str(copy["asked_at"])[:16]] for copy in found["copies"]]
    print_table(names, rows)
    for copy in found["copies"]:
        for change in copy["changes"]:
            old, new = change["best"] or "nothing", change["here"] or "nothing"
            click.echo(f"{copy['exchange_id']} {change['in']}: {old} → {new}")
