"""The second wall, from inside: a process with the rows, an in-memory DuckDB, and limits.

A job comes as JSON on standard input; progress goes as JSON lines to standard error; the verdicts
go as an Arrow stream to standard output. The environment is empty, nothing can be opened, and the
kernel ends the process at its limit of CPU time.
"""

import json
import resource
import sys
import time
from typing import Any

import duckdb
import pyarrow as pa

PROBE_ROWS = 512
PROBE_CHARACTERS = 4_096
PROBE_SECONDS = 2  # of CPU, then the kernel ends the process
# A rule may cost this much per row of the probe, beside reading its text once at this rate.
SECONDS_PER_ROW = 0.05 / 256
BYTES_PER_SECOND = 10_000_000


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


def limit_memory(extra: int) -> None:
    """Let this process map no more than it has now and `extra` bytes."""
    try:
        with open("/proc/self/statm", encoding="ascii") as file:
            now = int(file.read().split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (now + extra, now + extra))
    except (OSError, ValueError):
        say(event="unlimited")  # macOS has no such limit; DuckDB's own stands alone there


def limit_cpu(seconds: float, hard: int) -> None:
    """Let the kernel end this process when it has used so many more seconds of CPU."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    soft = int(used.ru_utime + used.ru_stime + seconds) + 1
    resource.setrlimit(resource.RLIMIT_CPU, (min(soft, hard), hard))


def open_rows(path: str, threads: int) -> duckdb.DuckDBPyConnection:
    """Return a locked connection whose only table is the file's rows."""
    table = pa.ipc.open_file(pa.memory_map(path)).read_all()
    con = duckdb.connect(":memory:", config={"threads": threads})
    con.execute("set timezone = 'UTC'")
    con.execute("set memory_limit = '1GB'")
    con.execute("set python_enable_replacements = false")
    con.register("t", Stream(table))
    make_probe(con, table)
    con.execute("set enable_external_access = false")
    con.execute("set disabled_filesystems = 'LocalFileSystem'")
    con.execute("set lock_configuration = true")
    return con


def make_probe(con: duckdb.DuckDBPyConnection, table: pa.Table) -> None:
    """Make the table `probe`: some hundred rows, the longest among them, with long texts cut."""
    texts = [f.name for f in table.schema if pa.types.is_string(f.type)]
    half = PROBE_ROWS // 2
    step = max(table.num_rows // half, 1)
    picks = [f"select row_number from t where row_number % {step} = 0 limit {half}"]
    picks += [
        f"from (select row_number from t order by strlen({n}) desc limit {half})" for n in texts
    ]
    cut = ", ".join(f"left({n}, {PROBE_CHARACTERS}) as {n}" for n in texts)
    con.execute(
        f"create table probe as select *{f' replace ({cut})' if cut else ''} from t "
        f"where row_number in ({' union '.join(f'({p})' for p in picks)})"
    )


def probe(con: duckdb.DuckDBPyConnection, job: dict[str, Any], size: tuple[int, int]) -> bool:
    """Bind and time each expression on the probe; say which fails. size: rows, bytes of text."""
    allowed = SECONDS_PER_ROW * max(size[0], 256) + size[1] / BYTES_PER_SECOND
    for i, text in enumerate(job["expressions"]):
        say(event="probe", index=i)
        limit_cpu(PROBE_SECONDS, job["cpu_seconds"])
        try:
            relation = con.sql(f"select ({text}) as hit from probe")
            if str(relation.types[0]) not in ("BOOLEAN", '"NULL"', "NULL"):
                say(event="error", index=i, error="type", detail=str(relation.types[0]))
                return False
            before = time.process_time()
            con.execute(f"select count(*) filter ({text}) from probe").fetchall()
            spent = time.process_time() - before
        except duckdb.Error as error:
            say(event="error", index=i, error=type(error).__name__, detail=bound(error))
            return False
        if spent > allowed:
            say(event="error", index=i, error="slow", detail=f"{spent:.2f}")
            return False
    return True


def bound(error: duckdb.Error) -> str:
    """Return what an error says where it can only quote the expression: binding sees no data."""
    if isinstance(error, duckdb.BinderException | duckdb.CatalogException):
        return str(error).splitlines()[0]
    return ""


def mask_sql(expressions: list[str]) -> str:
    """Return the one SELECT that packs all verdicts into words of 64 bits."""
    bits = ", ".join(f"({text}) as b{i}" for i, text in enumerate(expressions))
    words = []
    for start in range(0, len(expressions), 64):
        width = min(64, len(expressions) - start)
        terms = [f"case when b{start + i} then {1 << i}::ubigint else 0 end" for i in range(width)]
        words.append(f"({' | '.join(terms)})::ubigint as w{start // 64}")
    some = " or ".join(f"w{i} <> 0" for i in range(len(words)))
    inner = f"select row_number, {bits} from t"
    return f"from (select row_number, {', '.join(words)} from ({inner})) where {some}"


def run(con: duckdb.DuckDBPyConnection, job: dict[str, Any]) -> pa.Table | None:
    """Evaluate everything in one pass; where that fails, find out which expression it was."""
    limit_cpu(job["cpu_seconds"], job["cpu_seconds"])
    say(event="run")
    try:
        return con.sql(mask_sql(job["expressions"])).to_arrow_table()
    except duckdb.Error as error:
        first = type(error).__name__
    for i, text in enumerate(job["expressions"]):
        say(event="alone", index=i)
        try:
            con.execute(f"select count(*) filter ({text}) from t").fetchall()
        except duckdb.Error as error:
            say(event="error", index=i, error=type(error).__name__, detail="")
            return None
    say(event="error", index=None, error=first, detail="")
    return None


def main() -> int:
    """Do one job."""
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    job = json.load(sys.stdin)
    con = open_rows(job["path"], job["threads"])
    limit_memory(job["memory_bytes"])
    rows, size = con.execute(job["measure"]).fetchall()[0]
    if not probe(con, job, (rows, size)):
        return 1
    masks = run(con, job)
    if masks is None:
        return 1
    with pa.ipc.new_stream(sys.stdout.buffer, masks.schema) as out:
        out.write_table(masks)
    return 0


if __name__ == "__main__":
    sys.exit(main())
