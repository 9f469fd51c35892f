"""`agp export traces`: chosen sessions, redacted, for other people's tools."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import print_json, print_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection


@click.command()
@click.option("--session", "sessions", multiple=True, metavar="ID", help="A session; repeatable.")
@click.option("--project", help="All sessions of a project.")
@click.option(
    "--since",
    type=click.DateTime(["%Y-%m-%d"]),
    metavar="DATE",
    help="Sessions that went on until this day or later.",
)
@click.option(
    "--form",
    "forms",
    type=click.Choice(["transcripts", "atif"]),
    multiple=True,
    help="Only in this form.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="traces",
    show_default=True,
    help="Folder to write.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def traces(
    sessions: tuple[str, ...],
    project: str | None,
    since: datetime | None,
    forms: tuple[Any, ...],
    out: Path,
    as_json: bool,
) -> None:
    """Write sessions in the forms that other tools read: the agent's own JSONL, and ATIF 1.8.

    Secrets are replaced by placeholders, pictures are left out, and if any detector still fires
    nothing is written. Nothing is uploaded.

    \b
    Examples:
      agp export traces --project krume
      agp export traces --session 0a3f --form atif --out shared/
    """
    from filters.secrets import home_redactor
    from lanes.bar import Bar
    from lanes.traces.choose import Asked
    from lanes.traces.export import FORMS, export
    from warehouse.interrupt import read

    asked = Asked(sessions, project, since.date() if since else None)

    def work(con: "DuckDBPyConnection") -> dict[str, Any]:
        redactor = home_redactor()
        with Bar("sessions") as bar:
            return export(con, asked, redactor, out.absolute(), forms or FORMS, bar)

    made = read(work)
    if as_json:
        print_json(made)
        return
    redactions = made.pop("redactions")
    path = made.pop("path")
    if redactions:
        print_table(("secrets replaced", "times"), redactions.items())
    counted = ", ".join(f"{count:,} {what}" for what, count in made.items())
    click.echo(f"{counted} in {path}; pictures are left out, nothing was uploaded")
