"""`agp warehouse rebuild`: the parsers over the bytes that are kept, also of files long gone."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    import duckdb

    from lanes.sources.rows import Rows

BATCH = 16 << 20


@click.command("rebuild")
@click.option("--json", "as_json", is_flag=True, help="Print the counts as JSON.")
def rebuild(as_json: bool) -> None:
    """Derive messages, tool calls and exchanges anew from the stored bytes.

    A better parser reads what an older one wrote down: no file on disk is needed. The raw layer is
    not touched; on any error everything stays as it was.

    \b
    agp warehouse rebuild
    """
    from lanes.ingest.account import totals
    from warehouse.console import byte_bar, print_json, print_table
    from warehouse.store import open_writer

    with open_writer() as con:
        before = totals(con)
        with byte_bar(quiet=as_json) as progress:
            derive(con, lambda done: progress(done, before["bytes"]))
        con.execute("checkpoint")
        after = totals(con)
    if as_json:
        print_json({"before": before, "after": after})
        return
    names = ("records", "exchanges", "prompts")
    print_table(("", "before", "after"), [(n, before[n], after[n]) for n in names])


def derive(con: "duckdb.DuckDBPyConnection", progress: Callable[[int], None]) -> None:
    """Replace the normal layer by what the parsers make of the raw one, in one transaction."""
    from lanes.ingest.insert import begin, end
    from lanes.sources import GENERATION
    from lanes.sources.rows import TABLES

    con.execute("begin")
    try:
        found = con.execute("select session_id from sessions").fetchall()
        for table in TABLES:
            con.execute(f"delete from {table}")
        fill(con, {session for (session,) in found}, progress)
        end(con, begin(con, GENERATION), [0, 0, 0, 0])
        con.execute("commit")
    except BaseException:
        con.execute("rollback")
        raise


def fill(
    con: "duckdb.DuckDBPyConnection", sessions: set[str], progress: Callable[[int], None]
) -> None:
    """Fill the empty tables of the normal layer, and look at these sessions too."""
    from lanes.exchanges import resolve
    from lanes.ingest.insert import insert_rows

    for rows, done in batches(con):
        for table, columns in rows.to_arrow().items():
            insert_rows(con, table, columns)
        sessions |= rows.sessions()
        progress(done)
    resolve(con, sessions)


def batches(con: "duckdb.DuckDBPyConnection") -> "Iterator[tuple[Rows, int]]":
    """Yield rows of the normal layer for all that is stored, and how many bytes they took."""
    from lanes.ingest.stored import stored_files, stored_records
    from lanes.sources.parsers import normalise
    from lanes.sources.rows import Rows

    rows, done, given = Rows(), 0, 0
    for file in stored_files(con):
        for ordinal, record, length in stored_records(con, file):
            normalise(file, [(ordinal, record)], rows)
            done += length
            if done - given >= BATCH:
                yield rows, done
                context, rows, given = rows.context, Rows(), done
                rows.context = context
    yield rows, done
