"""`agp sql`: plain SQL over the warehouse, and what can be asked of it.

It stands up here because an answer may be redacted, which the warehouse cannot do.
"""

import sys
from collections.abc import Iterator
from dataclasses import asdict
from itertools import islice
from pathlib import Path
from typing import IO, Any

import click

from warehouse.bounds import SAFE, Bounds, LimitReached
from warehouse.console import counted, print_json, print_table
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
@click.option("--redact", is_flag=True, help="Replace secrets and personal data by placeholders.")
@click.option("--safe", is_flag=True, help="For an agent: limits, redacted, no file, JSON.")
@click.option("--max-rows", type=click.IntRange(1), help="Print no more rows (safe: 1,000).")
@click.option("--seconds", type=click.FloatRange(0.1), help="Stop it after (safe: 30).")
@click.option("--memory", type=click.IntRange(64), metavar="MB", help="At most (safe: 1,024).")
def sql(
    query, file, name, list_examples, tables, form, parquet, limit, redact, safe, **given
) -> None:
    """Ask the warehouse in SQL (DuckDB's). Read-only; `-` reads the query from standard input.

    Exit status: 0 all of the answer was printed; 2 the query or the warehouse is at fault, in one
    line on standard error; 3 a limit stopped it, and what was printed is not all.

    \b
    agp sql "select project, count(*) from v_exchanges group by all"
    agp sql --tables v_usage              # its columns and what they mean
    agp sql --example tokens-by-model     # a query to begin with
    agp sql "from v_messages" --parquet messages.parquet
    agp sql --safe "from v_tool_calls"    # what an agent may be given to call
    """
    if tables:
        _print_views(query, form == "json")
        return
    if list_examples:
        _print_examples(form == "json")
        return
    bounds = _bounds(safe, **given)
    if (safe and file) or ((safe or redact or bounds != Bounds()) and parquet):
        raise AgpError("with limits or --redact no file is used; leave out -f and --parquet")
    text = _query(query, file, name)
    if parquet:
        click.echo(f"{counted(write_parquet(text, parquet), 'row')} in {parquet}", err=True)
        return
    form = form or ("json" if safe else None)
    with running(text, bounds=bounds, quoting=not (safe or redact)) as result:
        if safe or redact:
            result.rows = _redacted(result.rows)
        if form == "csv":
            write_csv(result)
        elif form == "json":
            write_json(result)
        else:
            show(result, limit)
        if result.cut:
            raise LimitReached(f"stopped after {bounds.rows:,} rows")


def _bounds(safe: bool, max_rows: int | None, seconds: float | None, memory: int | None) -> Bounds:
    """Return the limits: those that were given, over those of --safe."""
    usual = SAFE if safe else Bounds()
    return Bounds(
        max_rows or usual.rows, seconds or usual.seconds, memory or usual.memory_mb, usual.sealed
    )


def _redacted(rows: Iterator[tuple[Any, ...]]) -> Iterator[tuple[Any, ...]]:
    """Yield rows without secrets; of bytes only how many they are."""
    from filters.secrets import home_redactor

    redactor = home_redactor()
    while batch := list(islice(rows, 500)):
        shown = [
            [f"{len(cell)} bytes" if isinstance(cell, bytes) else cell for cell in row]
            for row in batch
        ]
        yield from (tuple(row) for row in redactor.value(shown))


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
    click.echo(
        "\nagp sql --example NAME runs one; --examples --json prints their SQL. Each is a macro "
        'too, of so many rows if you like: agp sql "from longest_sessions(10)"',
        err=True,
    )
