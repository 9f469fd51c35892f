"""The public views as Parquet: a warehouse in, a folder that other tools open out, or nothing.

Every string is redacted as it is written; what was written is scanned as another program would read
it, and where any detector still fires nothing is left behind.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from filters.secrets import Redactor, many_hands
from lanes.build import refuse_secrets
from lanes.publish import BUILD, check_target, clear, publish, staging
from warehouse.errors import AgpError
from warehouse.sql_catalog import markdown, views

ROWS = 1_000  # redacted together
Advance = Callable[[int, int], None]  # views done now, and of how many
README = """# A history with coding agents, as tables

Written by `agp warehouse export`: a Parquet file for each public view of the warehouse. Secrets and
personal data are replaced by placeholders; the same one always by the same.

"""


def chosen(names: Sequence[str]) -> list[str]:
    """Return the views to write: those that are named, or all."""
    known = [view.name for view in views()]
    for name in names:
        if name not in known:
            raise AgpError(f"no view is named {name}; `agp sql --tables` lists them")
    return list(dict.fromkeys(names)) or known


@many_hands()
def export_views(
    con: duckdb.DuckDBPyConnection,
    names: Sequence[str],
    redactor: Redactor,
    out: Path,
    advance: Advance = lambda done, total: None,
) -> dict[str, Any]:
    """Write views below `out`, a folder that is new or empty; return rows by view."""
    wanted = chosen(names)
    if out.is_dir() and any(out.iterdir()):
        raise AgpError(f"{out} is not empty; name a new folder with --out")
    check_target(out)
    stage = staging(out.parent)
    try:
        rows = {}
        for name in wanted:
            rows[name] = write_view(con, name, redactor, stage / BUILD / f"{name}.parquet")
            advance(1, len(wanted))
        (stage / BUILD / "README.md").write_text(README + markdown(), encoding="utf-8")
        refuse_secrets(stage / BUILD, redactor.look)
        publish(stage, out)
    finally:
        clear(stage)
    return {"path": str(out), "rows": rows, "redactions": dict(sorted(redactor.counts.items()))}


def write_view(con: duckdb.DuckDBPyConnection, name: str, redactor: Redactor, path: Path) -> int:
    """Write a view's rows, redacted; return how many."""
    count = 0
    reader = con.sql(f'from "{name}"').to_arrow_reader(ROWS)
    with pq.ParquetWriter(path, reader.schema, compression="zstd") as writer:
        for batch in redacted(reader, redactor):
            writer.write_batch(batch)
            count += batch.num_rows
    return count


def redacted(reader: pa.RecordBatchReader, redactor: Redactor) -> Iterator[pa.RecordBatch]:
    """Yield batches whose every string, however deep, is redacted."""
    for batch in reader:
        columns = [clean(column, redactor) for column in batch.columns]
        yield pa.RecordBatch.from_arrays(columns, schema=batch.schema)


def clean(column: pa.Array, redactor: Redactor) -> pa.Array:
    """Return a column with its strings redacted; numbers, times and flags come back as they are."""
    flat = (pa.types.is_primitive, pa.types.is_boolean, pa.types.is_decimal, pa.types.is_null)
    if any(test(column.type) for test in flat):
        return column
    return pa.array(redactor.value(column.to_pylist()), column.type)
