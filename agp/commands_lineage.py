"""`agp lineage`: from any id to the bytes it came from and the datasets it went into.

It stands up here because the words it shows are redacted, which the warehouse cannot do.
"""

import sys
from typing import TYPE_CHECKING

import click

from warehouse.console import print_json
from warehouse.errors import AgpError
from warehouse.interrupt import read
from warehouse.lineage import Node, resolve, trace
from warehouse.lineage_tree import show

if TYPE_CHECKING:
    import duckdb

LIMIT = 8


@click.command()
@click.argument("id")
@click.option("--all", "everything", is_flag=True, help="Leave nothing out of long lists.")
@click.option("--json", "as_json", is_flag=True, help="Print the whole tree as JSON.")
@click.option("--redact", is_flag=True, help="Replace secrets in paths and names as well.")
@click.option("--bytes", "raw", is_flag=True, help="Print the exact bytes of a record or file.")
def lineage(id: str, everything: bool, as_json: bool, redact: bool, raw: bool) -> None:
    """Walk from any id to its bytes, and to what was made of it.

    ID is that of an exchange, message, tool call, session, memory, file or dataset, whole or its
    first characters; a record is FILE:ORDINAL (an id or a path, counted from 0), a row of a dataset
    BUILD:SPLIT:ROW. Secrets in the words shown are replaced; paths stand as they are, for you to
    open, unless you say --redact. --bytes gives everything exactly as it was read.

    \b
    agp lineage x01b5c2d3e4f5a6b7       # an exchange: its records, its rows
    agp lineage 5f0c2a9b                # a memory: its versions, what it led to
    agp lineage BUILD:train:17          # a row of a dataset, down to byte offsets
    agp lineage notes.jsonl:12 --bytes  # a record exactly as it stood in its file
    """
    from agp.lineage_words import redacted_tree

    if raw:
        if redact or as_json or everything:
            raise AgpError("--bytes gives a record or a file as it is; leave the other options out")
        read(lambda con: write_bytes(con, resolve(con, id)))
        return
    limit = None if everything or as_json else LIMIT
    node = redacted_tree(read(lambda con: trace(con, id, limit)), everything=redact)
    if as_json:
        print_json(node.as_json())
    else:
        show(node)


RECORD = """select segment, stored_offset, stored_length, has_payload from raw_records
where file_id = ? and ordinal = ?"""


def write_bytes(con: "duckdb.DuckDBPyConnection", node: Node) -> None:
    """Write what a record or a whole file holds to standard output."""
    from warehouse.payloads import file_bytes, pieces
    from warehouse.segments import Segments

    if node.kind == "file":
        chunks = file_bytes(con, node.id)
    elif node.kind == "record":
        file, _, ordinal = node.id.rpartition(":")
        *place, has_payload = con.execute(RECORD, [file, int(ordinal)]).fetchall()[0]
        stored = Segments(con).read(*place)
        chunks = pieces(con, stored) if has_payload else [stored]
    else:
        raise AgpError(
            f"{node.id} ({node.kind}) is no record; `agp lineage {node.id}` names its records"
        )
    for chunk in chunks:
        sys.stdout.buffer.write(chunk)
