"""The second wall, from inside: a process with the rows, an in-memory DuckDB, and limits.

A job comes as JSON on standard input; progress goes as JSON lines to standard error; the verdicts
go as Arrow streams to standard output. The environment is empty, nothing can be opened, and the
kernel ends the process at its limit of CPU time.
"""

import json
import os
import resource
import sys
import time
from typing import Any, BinaryIO

import duckdb
import pyarrow as pa

from warehouse.expressions.limits import limit_cpu, limit_files, limit_memory

PROBE_ROWS = 512
PROBE_CHARACTERS = 4_096
PROBE_SECONDS = 2  # of CPU, then the kernel ends the process
# A rule may cost this much per row of the probe, beside reading its text once at this rate.
SECONDS_PER_ROW = 0.05 / 256
BYTES_PER_SECOND = 10_000_000


class Failed(Exception):
    """The job is over; what was wrong has been said."""


class Stream:
    """A table that DuckDB reads by Arrow's C interface: its other way imports half of pandas."""

    def __init__(self, table: pa.Table) -> None:
        """Hold a table."""
        self.table = table

    def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:  # noqa: D105
        return self.table.__arrow_c_stream__(requested_schema)


def say(**event: Any) -> None:
    """Tell the parent where we are, so that it knows what was running if this process dies."""
    sys.stderr.write(json.dumps(event) + "\n")
    sys.stderr.flush()


def fail(batch: int, index: int | None, error: BaseException | str, detail: str = "") -> Failed:
    """Say what is wrong with an expression, by the error's type: its text may quote the rows."""
    kind = error if isinstance(error, str) else type(error).__name__
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        detail = str(error).splitlines()[0]  # binding sees no rows, so this quotes the rule alone
    say(event="error", batch=batch, index=index, error=kind, detail=detail)
    return Failed()


def open_rows(batches: list[dict[str, Any]], threads: int) -> duckdb.DuckDBPyConnection:
    """Return a locked connection whose only tables are the files' rows and a probe of each."""
    con = duckdb.connect(":memory:", config={"threads": threads})
    con.execute("set timezone = 'UTC'")
    con.execute("set memory_limit = '1GB'")
    con.execute("set enable_progress_bar = false")  # it would be written among the verdicts
    con.execute("set python_enable_replacements = false")
    for n, batch in enumerate(batches):
        table = pa.ipc.open_file(pa.memory_map(batch["path"])).read_all()
        con.register(f"t{n}", Stream(table))
        make_probe(con, n, table)
    con.execute("set enable_external_access = false")
    con.execute("set disabled_filesystems = 'LocalFileSystem'")
    con.execute("set lock_configuration = true")
    return con


def make_probe(con: duckdb.DuckDBPyConnection, n: int, table: pa.Table) -> None:
    """Make the table `probe`: some hundred rows, the longest among them, with long texts cut."""
    texts = [f.name for f in table.schema if pa.types.is_string(f.type)]
    half = PROBE_ROWS // 2
    step = max(table.num_rows // half, 1)
    picks = [f"select row_number from t{n} where row_number % {step} = 0 limit {half}"]
    picks += [
        f"from (select row_number from t{n} order by strlen({text}) desc limit {half})"
        for text in texts
    ]
    cut = ", ".join(f"left({text}, {PROBE_CHARACTERS}) as {text}" for text in texts)
    con.execute(
        f"create table probe{n} as select *{f' replace ({cut})' if cut else ''} from t{n} "
        f"where row_number in ({' union '.join(f'({p})' for p in picks)})"
    )


def probe(con: duckdb.DuckDBPyConnection, n: int, batch: dict[str, Any], hard: int) -> None:
    """Bind each expression of a batch and time it on the probe; refuse what is too slow."""
    rows, size = con.execute(f"{batch['measure']} probe{n}").fetchall()[0]
    allowed = SECONDS_PER_ROW * max(rows, 256) + size / BYTES_PER_SECOND
    for i, text in enumerate(batch["expressions"]):
        say(event="probe", batch=n, index=i)
        limit_cpu(PROBE_SECONDS, hard)
        try:
            kind = str(con.sql(f"select ({text}) as hit from probe{n}").types[0])
            before = time.process_time()
            if kind in ("BOOLEAN", '"NULL"', "NULL"):
                con.execute(f"select count(*) filter ({text}) from probe{n}").fetchall()
            spent = time.process_time() - before
        except Exception as error:
            raise fail(n, i, error) from None
        if kind not in ("BOOLEAN", '"NULL"', "NULL"):
            raise fail(n, i, "type", kind)
        if spent > allowed:
            raise fail(n, i, "slow", f"{spent:.2f}")


def mask_sql(expressions: list[str], n: int) -> str:
    """Return the one SELECT that packs all verdicts into words of 64 bits."""
    bits = ", ".join(f"({text}) as b{i}" for i, text in enumerate(expressions))
    words = []
    for start in range(0, len(expressions), 64):
        width = min(64, len(expressions) - start)
        terms = [f"case when b{start + i} then {1 << i}::ubigint else 0 end" for i in range(width)]
        words.append(f"({' | '.join(terms)})::ubigint as w{start // 64}")
    some = " or ".join(f"w{i} <> 0" for i in range(len(words)))
    inner = f"select row_number, {bits} from t{n}"
    return f"from (select row_number, {', '.join(words)} from ({inner})) where {some}"


def run(con: duckdb.DuckDBPyConnection, n: int, expressions: list[str]) -> pa.Table:
    """Evaluate a batch in one pass; where that fails, find out which expression it was."""
    say(event="run", batch=n)
    try:
        return con.sql(mask_sql(expressions, n)).to_arrow_table()
    except Exception as error:
        first = error
    for i, text in enumerate(expressions):
        say(event="alone", batch=n, index=i)
        try:
            con.execute(f"select count(*) filter ({text}) from t{n}").fetchall()
        except Exception as error:
            raise fail(n, i, error) from None
    raise fail(n, None, first) from None


def only_verdicts() -> BinaryIO:
    """Return standard output, which from now on nothing else can write to."""
    out = os.fdopen(os.dup(1), "wb")
    os.dup2(2, 1)
    return out


def main() -> int:
    """Do one job."""
    limit_files()
    out = only_verdicts()
    job = json.load(sys.stdin)
    batches, hard = job["batches"], job["cpu_seconds"]
    con = open_rows(batches, job["threads"])
    limit_memory(job["memory_bytes"])
    try:
        for n, batch in enumerate(batches):
            probe(con, n, batch, hard)
        resource.setrlimit(resource.RLIMIT_CPU, (hard, hard))
        for n, batch in enumerate(batches):
            masks = run(con, n, batch["guarded"])
            with pa.ipc.new_stream(out, masks.schema) as stream:
                stream.write_table(masks)
    except Failed:
        return 1
    out.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
