"""`agp warehouse diff`: what a rebuild with today's parsers would change."""

from dataclasses import asdict

import click

from warehouse.console import byte_bar, print_json, print_table


@click.command("diff")
@click.option("--json", "as_json", is_flag=True, help="Print every table as JSON.")
def diff(as_json: bool) -> None:
    """Compare what is kept of the records with what today's parsers make of them.

    Messages, tool calls and exchanges are derived once more, beside the warehouse, which is not
    changed. The exit status is 1 where anything differs; `agp warehouse rebuild` takes it over.

    \b
    agp warehouse diff
    """
    from agp.generations import Change, differences, generations
    from lanes.ingest.account import totals
    from warehouse.interrupt import interruptible
    from warehouse.store import open_reader

    with open_reader() as con, byte_bar(quiet=as_json) as progress:
        kept, now = generations(con)
        size = totals(con)["bytes"]

        def work() -> list[Change]:
            return differences(con, lambda done: progress(done, size))

        changes = interruptible(con, work)
    differing = [change for change in changes if change.differs]
    if as_json:
        tables = [asdict(change) for change in changes]
        print_json({"generation_kept": kept, "generation_now": now, "tables": tables})
    else:
        show(differing, kept, now)
    if differing:
        raise SystemExit(1)


def show(differing: list, kept: int | None, now: int) -> None:
    """Print the tables that differ, and in what."""
    click.echo(f"kept: parsers of generation {kept}; today's: generation {now}")
    if not differing:
        click.echo("a rebuild would change nothing")
        return
    rows = [
        [
            *(c.table, c.kept, c.now, c.only_kept, c.only_now, c.changed),
            ", ".join(f"{name} {count:,}" for name, count in c.columns.items()),
            " ".join(c.samples[:2]),
        ]
        for c in differing
    ]
    print_table(
        ["table", "kept", "now", "gone", "new", "changed", "in", "such as"],
        rows,
    )
    click.echo("`agp warehouse rebuild` takes it over; `agp lineage ID` shows what is behind an id")
