"""The warehouse written anew without the room that is not used: in its place, or not at all."""

from dataclasses import dataclass
from pathlib import Path

import duckdb

from warehouse.copies.settled import part_of, replace, settled
from warehouse.errors import AgpError
from warehouse.home import warehouse_path
from warehouse.store import NEW

TABLES = "select table_name from duckdb_tables() where database_name = ? order by 1"


@dataclass(frozen=True)
class Compacted:
    """How large the file was and is, and how many tables and rows were compared."""

    before: int
    after: int
    tables: int
    rows: int


def compact() -> Compacted:
    """Copy every table into a new file, compare the two, and put it in the old one's place.

    Readers may go on meanwhile; a writer waits. On any error the old file stays as it was.
    """
    path = warehouse_path()
    with part_of(path) as part, settled(path) as con:
        before = path.stat().st_size
        [(name,)] = con.execute("select current_database()").fetchall()
        block = NEW["default_block_size"]
        con.execute(f"attach '{quoted(part)}' as fresh (read_write, block_size {block})")
        con.execute(f'copy from database "{name}" to fresh')
        tables, rows = compared(con, name)
        con.execute("checkpoint fresh")
        con.execute("detach fresh")
        after = part.stat().st_size
        if after < before:
            replace(part, path)
    return Compacted(before, min(before, after), tables, rows)


def quoted(path: Path) -> str:
    """Return a path as it stands between quotes in SQL.

    >>> quoted(Path("it's"))
    "it''s"
    """
    return str(path).replace("'", "''")


def compared(con: duckdb.DuckDBPyConnection, name: str) -> tuple[int, int]:
    """Raise unless both files hold the same rows; return how many tables and rows they hold."""
    lists = [[t for (t,) in con.execute(TABLES, [db]).fetchall()] for db in (name, "fresh")]
    if lists[0] != lists[1]:
        raise AgpError("the compacted copy lacks tables, and was thrown away")
    total = 0
    for table in lists[0]:
        found = [
            con.execute(
                f'select count(*), bit_xor(hash(t)), sum(hash(t)::hugeint) from "{db}"."{table}" t'
            ).fetchall()
            for db in (name, "fresh")
        ]
        if found[0] != found[1]:
            raise AgpError(f"the compacted copy differs in table {table}, and was thrown away")
        total += found[0][0][0]
    return len(lists[0]), total
