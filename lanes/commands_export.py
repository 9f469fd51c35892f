"""`agp warehouse export`: the public views as Parquet, redacted."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import print_json, print_table

if TYPE_CHECKING:
    import duckdb


@click.command()
@click.option("--view", "names", multiple=True, metavar="VIEW", help="Only this view.")
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    default="agp-export",
    show_default=True,
    help="A new folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def export(names: tuple[str, ...], out: Path, as_json: bool) -> None:
    """Write the public views as Parquet files that other tools open (polars, DuckDB, pandas).

    Secrets are replaced by placeholders in every string, and if any detector still fires on what
    was written, nothing is. For an exact copy there is `agp warehouse backup`.

    \b
    agp warehouse export
    agp warehouse export --view v_exchanges --view v_usage --out tables
    """
    from filters.secrets import home_redactor
    from lanes.bar import Bar
    from lanes.export_views import export_views
    from warehouse.interrupt import read

    def work(con: "duckdb.DuckDBPyConnection") -> dict[str, Any]:
        redactor = home_redactor()
        with Bar("views") as bar:
            return export_views(con, names, redactor, out.expanduser().absolute(), bar)

    made = read(work)
    if as_json:
        print_json(made)
        return
    print_table(["view", "rows"], [[name, rows] for name, rows in made["rows"].items() if rows])
    replaced = sum(made["redactions"].values())
    click.echo(f"{made['path']}: {len(made['rows'])} files, {replaced:,} secrets replaced")
