"""`agp warehouse backup | restore | compact`: copies of the file, each whole or not there."""

from dataclasses import asdict
from pathlib import Path

import click

from warehouse.console import byte_bar, print_json


@click.command()
@click.argument("to", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--check", is_flag=True, help="Read every record of the copy and compare its hash.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def backup(to: Path | None, check: bool, as_json: bool) -> None:
    """Copy the warehouse to a new file, as of one moment; readers may go on meanwhile.

    Without TO it goes into `backups` of AGP's folder, named by the time. The copy has its name only
    once it is whole; nothing is ever written over. It holds what your transcripts hold, secrets
    included: keep it where you would keep those (`agp warehouse export` writes redacted Parquet).

    \b
    agp warehouse backup
    agp warehouse backup /media/disk/agp.duckdb --check
    """
    from warehouse.copies.backup import backup as make

    with byte_bar(quiet=as_json) as progress:
        made = make(to, progress if check else None)
    if as_json:
        print_json(asdict(made))
        return
    click.echo(f"{made.path}: {made.bytes / 1e6:,.1f} MB, sha-256 {made.sha256[:16]}...")
    if made.report:
        click.echo(f"{made.report.records:,} records in it, every byte as it was read")


@click.command()
@click.argument("source", metavar="BACKUP", type=click.Path(path_type=Path))
@click.option("--replace", is_flag=True, help="Keep the warehouse that stands there aside.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def restore(source: Path, replace: bool, as_json: bool) -> None:
    """Make a backup the warehouse again.

    A warehouse that stands in its place is an error, unless --replace says that it may be kept
    aside, under a name that is printed.

    \b
    agp warehouse restore /media/disk/agp.duckdb
    agp warehouse restore ~/.agp/backups/NAME.duckdb --replace
    """
    from warehouse.copies.backup import put_back

    made = put_back(source.expanduser(), replace)
    if as_json:
        print_json(asdict(made))
        return
    click.echo(f"{made.path}: {made.bytes / 1e6:,.1f} MB, as {source} has it")
    if made.aside:
        click.echo(f"the one that stood there is kept at {made.aside}")


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compact(as_json: bool) -> None:
    """Write the warehouse anew without the room that is not used, compared row by row.

    Readers may go on meanwhile, a writer waits; there must be room for a second copy.

    \b
    agp warehouse compact
    """
    from warehouse.copies.compact import compact as make

    made = make()
    if as_json:
        print_json(asdict(made))
        return
    click.echo(
        f"{made.before / 1e6:,.1f} MB before, {made.after / 1e6:,.1f} MB now; "
        f"{made.rows:,} rows of {made.tables} tables are the same"
    )
