"""`agp secrets scan | kinds | redact`: what would leak, what is looked for, a text without it."""

import sys
from typing import TYPE_CHECKING

import click

from warehouse.console import print_json, print_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from filters.secrets.history import Survey

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
kind_option = click.option(
    "--kind", "kinds", multiple=True, help="Only this kind; may be given several times."
)


@click.command()
@kind_option
@click.option("--places", is_flag=True, help="List every place too.")
@json_option
def scan_warehouse(kinds: tuple[str, ...], places: bool, as_json: bool) -> None:
    """Show which kinds of secrets stand in the history, how often, and what to rotate.

    Reads every message, tool input and tool output. A secret itself is never shown: a place is an
    exchange, a message or tool call in it, and the characters from and to.

    \b
    Examples:
      agp secrets scan
      agp secrets scan --kind aws_key --kind password --places
      agp secrets scan --json
    """
    from rich.console import Console
    from rich.progress import Progress

    from filters.secrets.history import survey
    from warehouse.interrupt import read

    bar = Progress(console=Console(stderr=True), transient=True)
    task = bar.add_task("scanning", total=None)

    def work(con: "DuckDBPyConnection") -> "Survey":
        with bar:
            return survey(con, frozenset(kinds) or None, lambda done: bar.advance(task, done))

    found = read(work)
    if as_json:
        print_json(found.as_dict())
        return
    columns = ["kind", "findings", "different", "sessions", "advice"]
    print_table(
        columns, [list(row.values()) for row in found.rows()], title="Secrets by kind", empty="none"
    )
    if places:
        columns = ["kind", "field", "id", "exchange", "session", "from", "to"]
        rows = [[*vars(p).values()] for p in found.places]
        print_table(columns, rows, title="Places")


@click.command()
@json_option
def list_kinds(as_json: bool) -> None:
    """Show the detectors: the name of each, the placeholder it makes, and what it finds.

    Credentials of some 280 providers come from the betterleaks library beside these; their kind is
    the name of its rule, as in [GITHUB_PAT_1].

    \b
    Examples:
      agp secrets kinds
      agp secrets kinds --json
    """
    from filters.secrets.detectors import all_detectors
    from filters.secrets.kinds import advice

    rows = [
        {
            "detector": d.id,
            "kind": d.kind,
            "personal": d.personal,
            "finds": d.why,
            "advice": advice(d.kind),
        }
        for d in all_detectors()
    ]
    if as_json:
        print_json(rows)
        return
    print_table(
        ["detector", "placeholder", "finds"],
        [[row["detector"], f"[{row['kind'].upper()}_1]", row["finds"]] for row in rows],
    )


@click.command()
@kind_option
@json_option
def redact(kinds: tuple[str, ...], as_json: bool) -> None:
    """Copy standard input to standard output with a placeholder for every secret.

    Handy before a log is shared. What was replaced is counted on standard error. Words of your own
    stand in $AGP_HOME/literals.txt, one a line.

    \b
    Examples:
      agp secrets redact < build.log > shared.log
      agp secrets redact --kind email --kind user < notes.md
      agp secrets redact --json < build.log
    """
    from filters.secrets import Redactor, home_literals, home_salt

    redactor = Redactor(home_salt(), frozenset(kinds) or None, home_literals())
    data = sys.stdin.buffer.read()
    text = redactor.text(data.decode("utf-8", "surrogateescape"))
    if as_json:
        print_json({"text": text.encode("utf-8", "replace").decode(), "replaced": redactor.counts})
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(redactor.counts.items()))
    click.echo(f"replaced: {counts or 'nothing'}", err=True)
