"""What a table no longer has: its rows are counted, and where the numbers differ, named.

A row that is gone is marked by a record of its own and keeps all its versions. A key that sees less
than the one before is no deletion: too many at once are not believed.
"""

from typing import TYPE_CHECKING, Any

import orjson

from lanes.memories.pages import gone_line
from lanes.sources.memories import key_text

if TYPE_CHECKING:
    from lanes.memories.follow import Follower, Read

TOGETHER = 50  # rows that are asked for by name at once
PRESENT = "select count(*) from known where not deleted"


def reconcile(follower: "Follower", read: "Read") -> None:
    """Compare the rows that a table has with those that are known, and write what is different."""
    con, table = follower.con, follower.table
    follower.learn()
    [(present,)] = con.execute(PRESENT).fetchall()
    if follower.reader.count(table.table, table.key) == present:
        return
    late, gone = apart(follower)
    for keys in pieces(late, TOGETHER):
        follower.keep(follower.reader.rows(table.table, table.key, keys), read)
    if len(gone) > follower.settings.most_gone * present and not follower.full:
        read.note = (
            f"{len(gone):,} of {present:,} rows are not to be seen with this key; none was marked "
            "as deleted (if they were: agp ingest supabase --full)"
        )
        return
    for keys in pieces(gone, follower.settings.page):
        named = [dict(zip(table.key, key, strict=True)) for key in keys]
        follower.commit([gone_line(key) for key in named])
        read.gone += len(keys)


def apart(follower: "Follower") -> tuple[list[Any], list[Any]]:
    """Return the keys that only the table has, and those that only the warehouse has."""
    import pyarrow as pa

    con, table = follower.con, follower.table
    con.execute("create or replace temp table seen_keys (row_key varchar)")
    for page in follower.reader.keys(table.table, table.key):
        keys = [key_text([row[name] for name in table.key]) for row in page]
        con.register("page_keys", pa.table({"row_key": keys}))
        con.execute("insert into seen_keys select distinct row_key from page_keys")
        con.unregister("page_keys")
    late: list[Any] = []
    gone: list[Any] = []
    for key, is_gone in con.execute(follower.statement("apart")).fetchall():
        (gone if is_gone else late).append(orjson.loads(key))
    return late, gone


def pieces(keys: list[Any], size: int) -> list[list[Any]]:
    """Cut a list into pieces.

    >>> pieces([1, 2, 3], 2)
    [[1, 2], [3]]
    """
    return [keys[i : i + size] for i in range(0, len(keys), size)]
