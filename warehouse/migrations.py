"""The schema: numbered SQL files applied once each, a ledger of them, and the views made from text.

In: an open connection. Out: the same, at this program's schema. A newer schema is refused.
"""

import hashlib
import os
import shutil
from importlib.resources import files
from pathlib import Path

import duckdb

from warehouse.errors import AgpError
from warehouse.macros import macros_sql

LEDGER = "create table if not exists schema_ledger (number int primary key, applied_at timestamp)"
OLD = """select 'view', view_name from duckdb_views() where not internal
union all
select distinct 'macro table', function_name from duckdb_functions()
where not internal and function_type = 'table_macro'"""
VIEWS = "create table if not exists schema_views (digest varchar, made_at timestamp)"


def schema_text(name: str) -> str:
    """Return a file of warehouse/schema."""
    return (files("warehouse") / "schema" / name).read_text(encoding="utf-8")


def migrations() -> list[tuple[int, str]]:
    """Return the numbered schema files in order, as (number, SQL)."""
    names = sorted(f.name for f in (files("warehouse") / "schema").iterdir())
    return [(int(name[:4]), schema_text(name)) for name in names if name[:4].isdigit()]


def newest() -> int:
    """Return the number of this program's schema."""
    return migrations()[-1][0]


def views_sql() -> str:
    """Return the SQL that makes every view and macro and says what they mean."""
    return schema_text("views.sql") + schema_text("comments.sql") + macros_sql()


def views_digest() -> str:
    """Return a hash of the views' text: another one means they must be made anew."""
    return hashlib.sha256(views_sql().encode()).hexdigest()[:16]


def state(con: duckdb.DuckDBPyConnection) -> tuple[int, str | None]:
    """Return (schema number, digest of the views) of an open file; (0, None) for an empty one."""
    tables = {row[0] for row in con.sql("select table_name from duckdb_tables()").fetchall()}
    if "schema_ledger" not in tables:
        if tables:
            raise AgpError(
                "this DuckDB file is no warehouse of agp; set AGP_HOME to another folder"
            )
        return 0, None
    number = con.sql("select coalesce(max(number), 0) from schema_ledger").fetchall()[0][0]
    digest = (
        con.sql("select max(digest) from schema_views").fetchall()
        if "schema_views" in tables
        else []
    )
    return number, digest[0][0] if digest else None


def refuse_newer(number: int) -> None:
    """Raise if a schema is newer than this program's."""
    if number > newest():
        raise AgpError(
            f"this warehouse has schema {number}, this program knows {newest()}; update agp"
        )


def migrate(con: duckdb.DuckDBPyConnection) -> None:
    """Apply what is missing, each file in one transaction, then the views if they changed.

    What is missing is said by the ledger: a file of a lower number may have come later. Where there
    is nothing yet, all is one transaction, since each waits for the disk.
    """
    have, digest = state(con)
    refuse_newer(have)
    if not have:
        con.execute("begin")
        for number, sql in migrations():
            apply(con, number, sql)
        make_views(con)
        con.execute("commit")
        return
    applied = {row[0] for row in con.sql("select number from schema_ledger").fetchall()}
    for number, sql in migrations():
        if number not in applied:
            con.execute("begin")
            apply(con, number, sql)
            con.execute("commit")
    if have < newest() or digest != views_digest():
        con.execute("begin")
        make_views(con)
        con.execute("commit")


def apply(con: duckdb.DuckDBPyConnection, number: int, sql: str) -> None:
    """Run one numbered file and note it in the ledger, within the caller's transaction."""
    con.execute(f"{LEDGER};{sql}")
    con.execute("insert into schema_ledger values (?, current_timestamp::timestamp)", [number])


def make_views(con: duckdb.DuckDBPyConnection) -> None:
    """Drop the public views and macros, make them from this program's text; in one transaction."""
    for kind, name in con.sql(OLD).fetchall():
        con.execute(f'drop {kind} "{name}"')
    con.execute(views_sql())
    con.execute(f"{VIEWS}; delete from schema_views")
    con.execute(
        "insert into schema_views values (?, current_timestamp::timestamp)", [views_digest()]
    )


def keep_copy(path: Path, number: int) -> Path:
    """Copy a closed warehouse (and its log) beside itself before its schema changes."""
    kept = path.with_name(f"{path.name}.schema-{number}")
    for source, target in ((path, kept), (Path(f"{path}.wal"), Path(f"{kept}.wal"))):
        if not source.exists():
            continue
        part = Path(f"{target}.part")
        try:
            shutil.copy2(source, part)
            os.replace(part, target)
        except OSError:
            part.unlink(missing_ok=True)
            raise
    return kept
