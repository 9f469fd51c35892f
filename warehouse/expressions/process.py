"""The second wall, from outside: start the child, feed it, read verdicts or say what went wrong."""

import json
import signal
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.expressions.check import Expression
from warehouse.expressions.errors import ExpressionError
from warehouse.expressions.tree import parse_select, without_locations

MEMORY_BYTES = 2_000_000_000
REASONS = {
    "type": "it gives {detail}, and must give true or false",
    "slow": "it is too slow: {detail} s of CPU on some hundred rows; anchor or shorten its pattern",
    "OutOfMemoryException": "it needs more memory than it may have",
    "BinderException": "{detail}",
    "CatalogException": "{detail}",
}


def evaluate(
    expressions: Sequence[Expression], rows: duckdb.DuckDBPyRelation, threads: int = 2
) -> pa.Table:
    """Return the rows where any expression is true: row_number, and masks w0, w1, ... of 64 bits.

    `rows` has a column `row_number` and what the expressions read. An expression that fails or
    takes too long raises ExpressionError with its index; nothing of the rows is in its text.
    """
    texts = [e.text for e in expressions]
    refuse_composed(expressions)
    with tempfile.TemporaryDirectory(prefix="agp-rows-") as folder:
        path = Path(folder) / "rows.arrow"
        count = write_rows(rows, path)
        job = {
            "path": str(path),
            "expressions": texts,
            "threads": threads,
            "memory_bytes": MEMORY_BYTES,
            "cpu_seconds": 60 + count // 5_000,
            "measure": measure_sql(rows),
        }
        return converse(job)


def refuse_composed(expressions: Sequence[Expression]) -> None:
    """Parse the composed SELECT once more: each expression must still be what was checked."""
    nodes = parse_select(f"SELECT {', '.join(f'({e.text})' for e in expressions)} FROM t")
    if without_locations(nodes) != without_locations([e.tree for e in expressions]):
        raise ExpressionError("the expressions do not stay apart when they are put together")


def write_rows(rows: duckdb.DuckDBPyRelation, path: Path) -> int:
    """Write rows as an Arrow file that the child maps into memory; return how many."""
    reader = rows.to_arrow_reader(100_000)
    count = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as out:
        for batch in reader:
            out.write_batch(batch)
            count += batch.num_rows
    return count


def measure_sql(rows: duckdb.DuckDBPyRelation) -> str:
    """Return the SELECT of the probe's rows and bytes of text."""
    texts = [n for n, t in zip(rows.columns, rows.types, strict=True) if str(t) == "VARCHAR"]
    size = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in texts) or "0"
    return f"select count(*), ({size})::bigint from probe"


def converse(job: dict[str, Any]) -> pa.Table:
    """Run the child on a job; return its masks or raise what it, or its death, says."""
    child = subprocess.run(
        [sys.executable, "-I", "-m", "warehouse.expressions.child"],
        input=json.dumps(job).encode(),
        capture_output=True,
        env={},
        cwd="/",
        timeout=job["cpu_seconds"] * 4,
        check=False,
    )
    if child.returncode == 0:
        return pa.ipc.open_stream(child.stdout).read_all()
    raise explain(child.returncode, events(child.stderr), job)


def events(stderr: bytes) -> list[dict[str, Any]]:
    """Return what the child said, leaving out what libraries printed."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line[:1] == "{"]
    return [json.loads(line) for line in lines]


def explain(status: int, said: list[dict[str, Any]], job: dict[str, Any]) -> ExpressionError:
    """Return the error for a child that gave no verdicts."""
    last: dict[str, Any] = said[-1] if said else {"event": "start"}
    index = last.get("index")
    if last["event"] == "error":
        form = REASONS.get(last["error"], "it failed on some row ({error})")
        return ExpressionError(form.format(**last), index=int(index or 0))
    if status in (-signal.SIGXCPU, -signal.SIGKILL):
        reason = "it takes too long; anchor or shorten its pattern"
    else:
        reason = f"the process that ran it ended with status {status}"
    if index is None:
        reason = f"the rules together take too long ({len(job['expressions'])} rules)"
    return ExpressionError(reason, index=int(index or 0))
