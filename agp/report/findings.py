"""Secrets by kind, looked for while nobody holds the warehouse: a file of its strings in, rows out.

A scan of a long history takes minutes, and an open reader keeps every writer out. So the strings
are copied first, into a folder that only its owner reads, and scanned when the file is closed.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

from filters.secrets.history import strings, surveyed


def copy_strings(con: duckdb.DuckDBPyConnection, path: Path) -> None:
    """Write every string of the warehouse with its place to an Arrow file."""
    reader = strings(con)
    with pa.OSFile(str(path), "wb") as sink, pa.ipc.new_file(sink, reader.schema) as out:
        for batch in reader:
            out.write_batch(batch)


def findings(path: Path) -> list[dict[str, Any]]:
    """Return one row a kind of secret in a file of strings."""
    return surveyed(batches(path)).rows()


def batches(path: Path) -> Iterator[pa.RecordBatch]:
    """Yield the batches of an Arrow file, which is mapped and not read whole."""
    file = pa.ipc.open_file(pa.memory_map(str(path)))
    for i in range(file.num_record_batches):
        yield file.get_batch(i)
