"""Opening the warehouse: one way in for writers, one for readers; migrations on the way."""

from collections.abc import Iterator
from contextlib import contextmanager
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.errors import AgpError
from warehouse.home import warehouse_path


def migrations() -> list[tuple[int, str]]:
    """Return the numbered schema files in order, as (number, SQL)."""
    folder = files("warehouse") / "schema"
    names = sorted(f.name for f in folder.iterdir() if f.name[:4].isdigit())
    return [(int(name[:4]), (folder / name).read_text(encoding="utf-8")) for name in names]


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Bring an open warehouse to this program's schema."""
    con.execute(
        "create table if not exists schema_ledger (number int primary key, applied_at timestamp)"
    )
    row = con.execute("select coalesce(max(number), 0) from schema_ledger").fetchone()
    have = row[0] if row else 0
    steps = migrations()
    if have > steps[-1][0]:
        raise AgpError(f"this warehouse has schema {have}, newer than this program's; update agp")
    for number, sql in steps:
        if number > have:
            con.execute("begin")
            con.execute(sql)
            con.execute(
                "insert into schema_ledger values (?, current_timestamp::timestamp)", [number]
            )
            con.execute("commit")
    if have < steps[-1][0]:
        con.execute((files("warehouse") / "schema" / "views.sql").read_text(encoding="utf-8"))


@contextmanager
def open_writer(path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, made and migrated when needed; closed at the end."""
    path = path or warehouse_path()
    path.parent.mkdir(parents=True, exist_ok=True)
    con = duckdb.connect(str(path))
    try:
        con.execute("set timezone = 'UTC'")
        migrate(con)
        yield con
    finally:
        con.close()


@contextmanager
def open_reader(path: Path | None = None) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open an existing warehouse read-only; close it soon: an open reader keeps writers out."""
    path = path or warehouse_path()
    if not path.exists():
        raise AgpError(f"there is no warehouse at {path}; run `agp ingest` first")
    con = duckdb.connect(str(path), read_only=True)
    try:
        con.execute("set timezone = 'UTC'")
        yield con
    finally:
        con.close()
