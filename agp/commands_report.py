"""`agp report`: the page, written to a file or answered to a browser on this machine."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import print_json

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.command()
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("agp-report.html"),
    show_default=True,
    help="The file to write.",
)
@click.option("--open", "show", is_flag=True, help="Open it in a browser.")
@click.option("--serve", is_flag=True, help="Answer a browser instead, until Ctrl-C.")
@click.option("--port", default=0, show_default="any", help="With --serve: on this port.")
@click.option("--json", "as_json", is_flag=True, help="Print what was written as JSON.")
def report(out: Path, show: bool, serve: bool, port: int, as_json: bool) -> None:
    """Write one HTML page: data, rules, secrets by kind, labels, runs, gates, decisions.

    The file needs no network and runs no script. Every string in it is redacted, and where any
    detector still fires on the page, it is not written.

    With --serve, a browser on this machine may look around: exchanges, each with its verdicts and
    where it came from, and a rule tried on all of them. Nothing is written, and the warehouse is
    open only while it is read. The address holds a token; without it nothing is answered.

    \b
    Examples:
      agp report
      agp report --out report.html --open
      agp report --serve --open
    """
    if serve:
        answer(port, show, as_json)
        return
    from agp.report.gather import gather
    from agp.report.page import write_page
    from filters.compile import rule_set
    from filters.run import update
    from filters.secrets import home_redactor
    from filters.secrets.history import update as look_for_secrets
    from warehouse.home import warehouse_path
    from warehouse.interrupt import read, write
    from warehouse.memory import sparing

    rules = rule_set()
    write(lambda con: update(con, rules))
    look_for_secrets()  # while nobody holds the warehouse

    redactor = home_redactor()

    def work(con: "DuckDBPyConnection") -> dict[str, Any]:
        return sparing(con, lambda: gather(con, rules, warehouse_path(), redactor))

    found = read(work)
    target = out.expanduser().absolute()
    write_page(found, redactor, target)
    replaced = sum(redactor.counts.values())
    if as_json:
        counts = dict(sorted(redactor.counts.items()))
        print_json({"path": str(target), "bytes": target.stat().st_size, "redactions": counts})
    else:
        click.echo(
            f"{target}: {target.stat().st_size / 1e3:,.0f} KB, {replaced:,} secrets replaced"
        )
    if show:
        click.launch(target.as_uri())


def answer(port: int, show: bool, as_json: bool) -> None:
    """Bring decisions up to date, then answer a browser until Ctrl-C."""
    from agp.report.server import Server
    from filters.compile import rule_set
    from filters.run import update
    from warehouse.interrupt import write

    with Server(port) as server:
        rules = rule_set()
        write(lambda con: update(con, rules))
        if as_json:
            print_json({"address": server.address}, line=True)
        else:
            click.echo(f"{server.address}\nCtrl-C ends it")
        if show:
            click.launch(server.address)
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            click.echo("ended", err=True)
