"""`agp warehouse verify`: is every byte that was read still there?"""

import time
from dataclasses import asdict

import click

from warehouse.console import byte_bar, print_json, print_table
from warehouse.interrupt import read
from warehouse.verify import Report
from warehouse.verify import verify as check


@click.command()
@click.option("--json", "as_json", is_flag=True, help="Print the report as JSON.")
def verify(as_json: bool) -> None:
    """Read every record again and compare it with its hash; exit 1 if any byte differs.

    Nothing is changed. What is derived from the records (messages, exchanges, ...) can be made anew
    by `agp warehouse rebuild`; a damaged record only comes back with a copy of the warehouse.

    \b
    agp warehouse verify
    """
    begun = time.monotonic()
    with byte_bar(quiet=as_json) as progress:
        report = read(lambda con: check(con, progress))
    if as_json:
        print_json(asdict(report))
    else:
        show(report, time.monotonic() - begun)
    if report.damages:
        raise SystemExit(1)


def show(report: Report, seconds: float) -> None:
    """Print what was checked and what is wrong."""
    if report.damages:
        print_table(
            ["where", "byte", "what is wrong"],
            [(item.where, item.byte_offset, item.what) for item in report.damages],
        )
    verdict = f"{len(report.damages):,} damaged" if report.damages else "every byte as it was read"
    click.echo(
        f"{report.files:,} files, {report.records:,} records, {report.bytes / 1e6:,.1f} MB in "
        f"{seconds:.1f} s: {verdict}"
    )
