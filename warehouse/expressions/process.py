"""The second wall, from outside: start the child, feed it, read verdicts or say what went wrong."""

import json
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from warehouse.expressions.check import Expression
from warehouse.expressions.errors import ExpressionError
from warehouse.expressions.guard import guarded
from warehouse.expressions.limits import TOO_MUCH_MEMORY
from warehouse.expressions.tree import Node, canonical, parse_select, without_locations

MEMORY_BYTES = 2_000_000_000
CPU_SECONDS = 60
ROWS_PER_SECOND = 5_000  # more rows may take longer
BATCH = 20_000  # rows handed over at once
MEMORY = "it needs more memory than it may have"
TIME = "it takes too long; anchor or shorten its pattern"
REASONS = {
    "type": "it gives {detail}, and must give true or false",
    "slow": "it is too slow: {detail} s of CPU on some hundred rows; anchor or shorten its pattern",
    "OutOfMemoryException": MEMORY,
    "MemoryError": MEMORY,
    "BinderException": "{detail}",
    "CatalogException": "{detail}",
    "InvalidInputException": "it fails on some row, or a pattern in it cannot be read",
    "ConversionException": "it converts a text that does not look like it; use try_cast",
    "OutOfRangeException": "a number in it grows beyond its type",
}
Rows = duckdb.DuckDBPyRelation | pa.RecordBatchReader


@dataclass(frozen=True)
class Batch:
    """Expressions over the same rows, which have a `row_number` and the columns they read."""

    expressions: Sequence[Expression]
    rows: Rows


def evaluate(batches: Sequence[Batch], threads: int = 2) -> list[pa.Table]:
    """Return for each batch the rows where any expression is true.

    Columns: row_number, and masks w0, w1, ... of 64 bits, where bit i of word w is expression
    64 w + i. An expression that fails or takes too long raises ExpressionError with its batch and
    index; nothing of the rows is in its text.
    """
    busy = [n for n, batch in enumerate(batches) if batch.expressions]
    with tempfile.TemporaryDirectory(prefix="agp-rows-") as folder:
        described = [describe(batches[n], n, Path(folder) / f"{n}.arrow") for n in busy]
        count = sum(d["rows"] for d in described)
        job = {
            "batches": described,
            "threads": threads,
            "memory_bytes": MEMORY_BYTES,
            "cpu_seconds": CPU_SECONDS + count // ROWS_PER_SECOND,
        }
        found = dict(zip(busy, converse(job, busy) if busy else [], strict=True))
    nothing = pa.table({"row_number": pa.array([], pa.int64())})
    return [found.get(n, nothing) for n in range(len(batches))]


def describe(batch: Batch, n: int, path: Path) -> dict[str, Any]:
    """Write a batch's rows to a file, and return what the child needs to know of it."""
    texts = [e.text for e in batch.expressions]
    refuse_composed(texts, [e.tree for e in batch.expressions], n)
    trees = [guarded(e.tree) for e in batch.expressions]
    quick = [
        e.text if tree is e.tree else canonical(tree)
        for e, tree in zip(batch.expressions, trees, strict=True)
    ]
    refuse_composed(quick, trees, n)
    rows = batch.rows
    reader = rows.to_arrow_reader(BATCH) if isinstance(rows, duckdb.DuckDBPyRelation) else rows
    names = [field.name for field in reader.schema if pa.types.is_string(field.type)]
    size = " + ".join(f"coalesce(sum(strlen({name})), 0)" for name in names) or "0"
    return {
        "path": str(path),
        "expressions": texts,
        "guarded": quick,
        "rows": write_rows(reader, path),
        "measure": f"select count(*), ({size})::bigint from",
    }


def refuse_composed(texts: Sequence[str], trees: Sequence[Node], n: int) -> None:
    """Parse the composed SELECT once more: each expression must still be what was checked."""
    nodes = parse_select(f"SELECT {', '.join(f'({text})' for text in texts)} FROM t")
    if without_locations(nodes) != without_locations(list(trees)):
        raise ExpressionError("the expressions do not stay apart when put together", batch=n)


def write_rows(reader: pa.RecordBatchReader, path: Path) -> int:
    """Write rows as an Arrow file that the child maps into memory; return how many."""
    count = 0
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as out:
        for batch in reader:
            out.write_batch(batch)
            count += batch.num_rows
    return count


def converse(job: dict[str, Any], numbers: Sequence[int]) -> list[pa.Table]:
    """Run the child on a job; return its masks or raise what it, or its death, says."""
    status, output, said = answered(json.dumps(job).encode(), job["cpu_seconds"] * 4)
    if status == 0:
        buffer = pa.BufferReader(output)
        return [pa.ipc.open_stream(buffer).read_all() for _ in numbers]
    raise explain(status, events(said), numbers)


def answered(question: bytes, seconds: float) -> tuple[int, bytes, bytes]:
    """Give the child its question; return its status, output and errors. It dies with Ctrl-C."""
    deadline = time.monotonic() + seconds
    with subprocess.Popen(
        [sys.executable, "-I", "-m", "warehouse.expressions.child"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={},
        cwd="/",
    ) as child:
        told: bytes | None = question
        try:
            while True:
                try:  # a wait without end would not let go when it is interrupted in a thread
                    output, said = child.communicate(told, timeout=0.2)
                    return child.returncode, output, said
                except subprocess.TimeoutExpired:
                    told = None  # it goes on to be written
                    if time.monotonic() > deadline:
                        raise ExpressionError("the rules did not end in time") from None
        finally:
            child.kill()
            child.wait()


def events(stderr: bytes) -> list[dict[str, Any]]:
    """Return what the child said, leaving out what libraries printed."""
    lines = [line for line in stderr.decode(errors="replace").splitlines() if line[:1] == "{"]
    return [json.loads(line) for line in lines]


def explain(status: int, said: list[dict[str, Any]], numbers: Sequence[int]) -> ExpressionError:
    """Return the error for a child that gave no verdicts."""
    last: dict[str, Any] = said[-1] if said else {"event": "start"}
    batch = numbers[int(last.get("batch", 0))]
    index = last.get("index")
    if last["event"] == "error":
        reason = REASONS.get(last["error"], "it failed on some row ({error})").format(**last)
    elif status in (-signal.SIGXCPU, -signal.SIGKILL):
        reason = TIME
    elif status == TOO_MUCH_MEMORY:
        reason = MEMORY
    else:
        reason = f"the process that ran it ended with status {status}"
    return ExpressionError(reason, None if index is None else int(index), batch)
