"""The warehouse's memory of builds: each once, with a row per member that leads back."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import duckdb
import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from lanes.lane import Turn

SCHEMA = pa.schema(
    [
        ("split", pa.string()),
        ("row", pa.int32()),
        ("turn", pa.int32()),
        ("exchange_id", pa.string()),
        ("session_id", pa.string()),
        ("weight", pa.float64()),
        ("supervised", pa.bool_()),
    ]
)
BATCH = 10_000


class Members:
    """Collects the members of a build in a file, since the warehouse is busy handing out rows."""

    def __init__(self, path: Path) -> None:
        """Open the file for writing."""
        self.path = path
        self.writer = pq.ParquetWriter(path, SCHEMA)
        self.pending: list[dict[str, Any]] = []

    def add(self, split: str, row: int, turns: Sequence[Turn]) -> None:
        """Take the members of a row."""
        at = {"split": split, "row": row}
        self.pending += [at | {"turn": i} | asdict(turn) for i, turn in enumerate(turns)]
        if len(self.pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Write what is pending."""
        self.writer.write_table(pa.Table.from_pylist(self.pending, schema=SCHEMA))
        self.pending = []

    def close(self) -> None:
        """Finish the file."""
        self.flush()
        self.writer.close()


def register(
    con: duckdb.DuckDBPyConnection, made: Mapping[str, Any], path: Path, members: Path
) -> bool:
    """Enter a build with its members, all or nothing; return False where it was known."""
    known = "select build_id from lane_builds where build_id = ?"
    if con.execute(known, [made["build_id"]]).fetchall():
        return False
    rows = sum(split["rows"] for split in made["splits"].values())
    parameters = orjson.dumps(made["parameters"]).decode()
    facts = [made["rule_set"], parameters, made["content_sha256"], rows]
    con.execute("begin")
    con.execute(
        "insert into lane_builds values (?, ?, ?, now()::timestamp, ?, ?, ?, ?)",
        [made["build_id"], made["lane"], str(path), *facts],
    )
    con.execute(
        "insert into lane_rows select ?, ?, * from read_parquet(?)",
        [made["build_id"], made["lane"], str(members)],
    )
    con.execute("commit")
    return True


def move(con: duckdb.DuckDBPyConnection, build_id: str, path: Path) -> None:
    """Note where a build was written last."""
    con.execute("update lane_builds set path = ? where build_id = ?", [str(path), build_id])
