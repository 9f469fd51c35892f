"""Files of a dataset: rows in, Parquet and JSONL a split out, written in batches, byte for byte
the same for the same rows."""

import hashlib
from collections import Counter
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lanes.lane import Row

GROUP_ROWS, GROUP_CHARS = 1000, 8_000_000  # a row group ends at whichever comes first


class SplitFiles:
    """The two files of one split; made at the first row, so an empty split leaves none.

    An empty file would be worse than none: mlx_lm fails on an empty JSONL, datasets on a split
    without rows.
    """

    def __init__(self, folder: Path, split: str, schema: pa.Schema) -> None:
        """Open both files for writing."""
        self.schema = schema
        self.counts: Counter[str] = Counter(rows=0)
        self.pending: list[dict[str, Any]] = []
        self.chars = 0
        self.jsonl = (folder / f"{split}.jsonl").open("wb")
        self.parquet = pq.ParquetWriter(folder / f"{split}.parquet", schema, compression="zstd")

    def add(self, row: Row) -> int:
        """Take a row; return its number in the split."""
        number = self.counts["rows"]
        line = orjson.dumps(row.data)
        self.jsonl.write(line + b"\n")
        self.pending.append(row.data)
        self.chars += len(line)
        self.counts += row.counts + Counter(rows=1)
        if len(self.pending) >= GROUP_ROWS or self.chars >= GROUP_CHARS:
            self.flush()
        return number

    def flush(self) -> None:
        """Write what is pending as one row group."""
        if self.pending:
            self.parquet.write_table(pa.Table.from_pylist(self.pending, schema=self.schema))
            self.pending, self.chars = [], 0

    def close(self) -> None:
        """Finish both files."""
        self.flush()
        self.parquet.close()
        self.jsonl.close()


def file_facts(path: Path) -> dict[str, Any]:
    """Return name, size and SHA-256 of a file."""
    with path.open("rb") as stream:
        digest = hashlib.file_digest(stream, "sha256").hexdigest()
    return {"name": path.name, "bytes": path.stat().st_size, "sha256": digest}
