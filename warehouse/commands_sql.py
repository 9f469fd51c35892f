"""`agp sql`: plain SQL over the warehouse, and what can be asked of it."""

import sys
from dataclasses import asdict
from pathlib import Path
from typing import IO

import click

from warehouse.console import print_json, print_table
from warehouse.errors import AgpError
from warehouse.sql import running
from warehouse.sql_catalog import example, examples, views
from warehouse.sql_output import write_csv, write_json, write_parquet
from warehouse.sql_table import show


@click.command()
@click.argument("query", required=False)
@click.option("-f", "--file", type=click.File(encoding="utf-8"), help="Read the query from a file.")
@click.option("--example", "name", metavar="NAME", help="Run a named example query.")
@click.option("--examples", "list_examples", is_flag=True, help="List the example queries.")
@click.option("--tables", is_flag=True, help="List the views and what each column means.")
@click.option("--csv", "form", flag_value="csv", help="Print CSV.")
@click.option("--json", "form", flag_value="json", help="Print JSON.")
@click.option("--parquet", type=click.Path(path_type=Path, dir_okay=False), help="Write Parquet.")
@click.option("--limit", default=40, show_default=True, help="Rows of a table; 0 is all of them.")
def sql(query, file, name, list_examples, tables, form, parquet, limit) -> None:
    """Ask the warehouse in SQL (DuckDB's). Read-only; `-` reads the query from standard input.

    \b
    agp sql "select project, count(*) from v_exchanges group by all"
    agp sql --tables v_usage              # its columns and what they mean
    agp sql --example tokens-by-model     # a query to begin with
    agp sql "from v_messages" --parquet messages.parquet
    """
    if tables:
        _print_views(query, form == "json")
        return
    if list_examples:
        _print_examples(form == "json")
        return
    text = _query(query, file, name)
    if parquet:
        click.echo(f"{write_parquet(text, parquet):,} rows in {parquet}", err=True)
        return
    with running(text) as result:
        if form == "csv":
            write_csv(result)
        elif form == "json":
            write_json(result)
        else:
            show(result, limit)


def _query(query: str | None, file: IO[str] | None, name: str | None) -> str:
    """Return the SQL asked for, from wherever it stands."""
    given = [x for x in (query, file, name) if x is not None]
    if len(given) != 1:
        raise AgpError(
            'one query, please: agp sql "select ...", -f FILE, - or --example NAME; '
            "`agp sql --tables` and `agp sql --examples` show what there is"
        )
    if name:
        return example(name).sql
    if file:
        return file.read()
    return sys.stdin.read() if query == "-" else str(query)


def _print_views(only: str | None, as_json: bool) -> None:
    """Print the public views, or one of them."""
    chosen = [view for view in views() if only in (None, view.name)]
    if not chosen:
        raise AgpError(f"no view is named {only}; `agp sql --tables` lists them")
    if as_json:
        print_json([asdict(view) for view in chosen])
        return
    for view in chosen:
        click.secho(view.name, bold=True, nl=False)
        click.echo(f": {view.row}")
        print_table(
            ["  column", "type", "meaning"],
            [("  " + c.name, c.type.lower(), c.meaning) for c in view.columns],
        )
        click.echo()


def _print_examples(as_json: bool) -> None:
    """Print the example queries' names and what they show."""
    if as_json:
        print_json([asdict(item) for item in examples().values()])
        return
    print_table(["example", "shows"], [(item.name, item.shows) for item in examples().values()])
    click.echo("\nagp sql --example NAME runs one; --examples --json prints their SQL", err=True)
