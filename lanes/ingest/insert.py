"""Batches in, rows of the warehouse out, each batch in one transaction."""

from collections.abc import Callable
from contextlib import suppress

import duckdb
import pyarrow as pa

from lanes.ingest.account import totals
from lanes.ingest.buffers import Batch
from lanes.ingest.plan import sql
from lanes.sources.rows import TABLES

NEW_PAYLOADS = "select * from new_rows where sha256 not in (select sha256 from payloads)"


def insert(
    con: duckdb.DuckDBPyConnection,
    batch: Batch,
    ingest_id: int,
    beside: Callable[[duckdb.DuckDBPyConnection], None] = lambda con: None,
) -> None:
    """Write a batch, and what belongs to it `beside`; on any error nothing of it is there."""
    con.execute("begin")
    try:
        take_back(con, batch.rewound)
        insert_raw(con, batch.tables)
        for name in TABLES:
            if name in batch.tables:
                insert_rows(con, name, batch.tables[name])
        con.register("seen", batch.files)
        con.execute(sql("files"), {"ingest": ingest_id})
        con.unregister("seen")
        beside(con)
        con.execute("commit")
    except BaseException:
        undo(con)
        raise


def undo(con: duckdb.DuckDBPyConnection) -> None:
    """Roll back, unless a commit that failed has done so."""
    with suppress(duckdb.TransactionException):
        con.execute("rollback")


def insert_rows(con: duckdb.DuckDBPyConnection, table: str, rows: pa.Table) -> None:
    """Add rows to a table."""
    put(con, f"insert into {table} by name select * from new_rows", rows)


def insert_raw(con: duckdb.DuckDBPyConnection, tables: dict[str, pa.Table]) -> None:
    """Add records and their segments, numbered on, and the payloads that are not there yet."""
    [(first,)] = con.execute("select coalesce(max(segment) + 1, 0) from segments").fetchall()
    onward = f"* replace (segment + {first} as segment)"
    for name in ("segments", "raw_records"):
        put(con, f"insert into {name} by name select {onward} from new_rows", tables[name])
    for name in ("payload_pieces", "payloads"):
        put(con, f"insert into {name} by name {NEW_PAYLOADS}", tables[name])


def put(con: duckdb.DuckDBPyConnection, statement: str, rows: pa.Table) -> None:
    """Run a statement over `new_rows`, if there are any."""
    if rows.num_rows:
        con.register("new_rows", rows)
        con.execute(statement)
        con.unregister("new_rows")


def take_back(con: duckdb.DuckDBPyConnection, rewound: list[tuple[str, int]]) -> None:
    """Delete the records of a last line that had no end and now has more: it is read again."""
    for place in rewound:
        con.execute("delete from raw_records where file_id = ? and ordinal >= ?", place)
        con.execute("update files set records = $2 where file_id = $1", place)
        for table in TABLES:
            con.execute(f"delete from {table} where file_id = ? and record_ordinal >= ?", place)


def mark_gone(con: duckdb.DuckDBPyConnection, file_ids: list[str]) -> None:
    """Note that files are no longer where they were; nothing else is touched."""
    if file_ids:
        con.execute(
            "update files set state = 'gone', gone_at = now()::timestamp "
            "where file_id in (select unnest(?))",
            [file_ids],
        )


def begin(con: duckdb.DuckDBPyConnection, generation: int) -> int:
    """Note that an ingest begins and return its number."""
    [(number,)] = con.execute(
        "insert into ingests (ingest_id, started_at, generation) "
        "select coalesce(max(ingest_id), 0) + 1, now()::timestamp, ? from ingests "
        "returning ingest_id",
        [generation],
    ).fetchall()
    return number


def finish(con: duckdb.DuckDBPyConnection, ingest_id: int, before: dict[str, int]) -> None:
    """Derive what stands across records, also for ingests that were killed before."""
    from lanes.exchanges import resolve

    touched = con.execute(sql("touched")).fetchall()
    after = totals(con)
    new = [after[name] - before[name] for name in ("files", "records", "bytes", "quarantined")]
    con.execute("begin")
    try:
        resolve(con, {row[0] for row in touched})
        end(con, ingest_id, new)
        con.execute("update ingests set finished_at = now()::timestamp where finished_at is null")
        con.execute("commit")
    except BaseException:
        undo(con)
        raise


def end(con: duckdb.DuckDBPyConnection, ingest_id: int, new: list[int]) -> None:
    """Note that an ingest is finished and how many files, records, bytes and rejects are new."""
    con.execute(
        "update ingests set finished_at = now()::timestamp, files_read = ?, records = ?, "
        "bytes = ?, quarantined = ? where ingest_id = ?",
        [*new, ingest_id],
    )
