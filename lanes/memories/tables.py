"""All tables of a project, one after the other: a way in, what came of each out."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from lanes.memories.access import Access
from lanes.memories.settings import MemorySettings, memory_settings
from warehouse.errors import AgpError

if TYPE_CHECKING:
    import duckdb

    from lanes.memories.follow import Read
    from lanes.memories.reader import Reader


@contextmanager
def reader(way: Access, settings: MemorySettings) -> "Iterator[Reader]":
    """Open the way to the tables: the project's client, or the database itself."""
    if way.key is None:
        from lanes.memories.postgres import PostgresReader

        found = PostgresReader(way, settings)
    else:
        from lanes.memories.rest import RestReader

        found = RestReader(way, settings)
    try:
        yield found
    finally:
        found.close()


def follow(
    con: "duckdb.DuckDBPyConnection",
    way: Access,
    ingest_id: int,
    done: "list[Read]",
    full: bool = False,
    progress: Callable[[int], None] = lambda size: None,
) -> None:
    """Bring what is new of every table into the warehouse, and add to `done` what came of each.

    Raises AgpError where none of them is there, and where one cannot be read.
    """
    from lanes.memories.follow import Follower

    settings = memory_settings()
    with reader(way, settings) as source:
        for kind, table in settings.tables().items():
            one = Follower(con, source, settings, ingest_id, way.host, kind, table, full, progress)
            done.append(one.run())
    if not any(read.there for read in done):
        names = ", ".join(read.table for read in done)
        raise AgpError(
            f"{way.host} has none of the tables {names}; say what they are called in "
            "memories.toml (docs/sources.md)"
        )
