"""The transfer lane: a capture in, and nothing else; out, at candidate split layers, where a state
lies and what full depth went on to say from there.
"""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import PositiveInt

from lanes.captured import newest, prepare_capture
from lanes.export import file_facts
from lanes.lane import Counts, Lane, Row, Turn, Work
from lanes.minimum import too_few
from lanes.settings import Settings
from warehouse.errors import AgpError

BATCH = 2000  # rows that DuckDB hands over at once
TEXT, INT = pa.string(), pa.int64()
COLUMNS = [
    *((n, TEXT) for n in ("capture_id", "prompt_id", "exchange_id", "shard", "shard_sha256")),
    ("row", INT),
    ("state", TEXT),
    *((n, INT) for n in ("split_layer", "step", "position", "prompt_tokens")),
    ("continuation", pa.list_(pa.int32())),
    ("reference", pa.struct([("first_row", INT), ("rows", INT)])),
    ("route", TEXT),
    ("vitality", TEXT),
    ("confidence", pa.float64()),
]


class TransferSettings(Settings):
    """What lanes/transfer.toml holds; its comments say what each is."""

    capture: str
    thresholds: list[str]
    positions: PositiveInt
    minimum: dict[str, int]


def schema(settings: TransferSettings) -> pa.Schema:
    """Return the columns of the Parquet files."""
    return pa.schema(COLUMNS)


def prepare(con: duckdb.DuckDBPyConnection, settings: TransferSettings) -> dict[str, Any]:
    """Label the capture and check its shards; return what the capture is."""
    found = newest(con, settings.capture, "transfer", exchanges=False)
    facts = prepare_capture(con, found, settings.thresholds)
    check_shards(con, found)
    return facts


def check_shards(con: duckdb.DuckDBPyConnection, capture_id: str) -> None:
    """Raise AgpError where a shard is gone or has other bytes than those that were captured."""
    query = (
        "select path, shard, sha256 from captures join capture_shards using (capture_id) "
        "where capture_id = ? and not planted order by shard"
    )
    for folder, shard, sha256 in con.execute(query, [capture_id]).fetchall():
        path = Path(folder) / shard
        if not path.is_file() or file_facts(path)["sha256"] != sha256:
            raise AgpError(
                f"{path} is not what was captured; remove {folder} and run the same "
                "`agp train capture` again"
            )


def plan(con: duckdb.DuckDBPyConnection, test_after: date | None) -> dict[str | None, int]:
    """Return how many prompts make rows (None), and how many do not for which reason."""
    query = (files("lanes") / "transfer_prompts.sql").read_text(encoding="utf-8")
    con.execute(query, {"test_after": test_after})
    reasons = "select reason, count(*) from transfer_prompts group by all"
    return dict(con.execute(reasons).fetchall())


def rows(work: Work) -> Iterator[Row]:
    """Yield a row for each prompt, split layer and chosen position."""
    query = (files("lanes") / "transfer_rows.sql").read_text(encoding="utf-8")
    capture = work.prepared["capture"]["capture_id"]
    values = {"capture": capture, "positions": work.settings.positions}
    before = None
    for batch in work.con.sql(query, params=values).to_arrow_reader(BATCH):
        for found in batch.to_pylist():
            new = found["prompt_id"] != before
            before = found["prompt_id"]
            work.advance(new)
            yield as_row(found, capture, new)


def as_row(found: dict[str, Any], capture: str, new: bool) -> Row:
    """Return a row; `new` says that its prompt was not seen before."""
    left = len(found["continuation"])
    found |= {
        "capture_id": capture,
        "state": f"h.{found['split_layer']}",
        "reference": {"first_row": found["row"], "rows": left},
    }
    exchange = found["exchange_id"]
    turns = [Turn(exchange, found["session_id"], 1.0, True)] if exchange else []
    count = Counter(prompts=int(new), exchanges=int(new and bool(exchange)), tokens=left)
    return Row(found["split"], {name: found[name] for name, _ in COLUMNS}, turns, count)


def missing(settings: TransferSettings, counts: Counts) -> list[str]:
    """Return what a build has too little of."""
    return too_few(counts, settings.minimum)


LANE = Lane(
    name="transfer",
    settings=TransferSettings,
    schema=schema,
    rows=rows,
    card=(
        "A row is a captured state at a candidate split layer: row `row` of the array `state` in "
        "the capture's `shard`. `continuation` are the tokens that full depth went on to say from "
        "there, and `reference` the rows of the same shard whose `top_ids`, `top_logits` and "
        "`log_sum` a resumed continuation is compared with. `route`, `vitality` and `confidence` "
        "are the oracle's. No row comes from anything but an instrumented forward pass."
    ),
    prepare=prepare,
    plan=plan,
    missing=missing,
    audit="transfer_audit.sql",
    audited=("tokens left to say", "rows of route"),
    counted=("prompts", "exchanges", "tokens"),
    supervised="of the tokens that full depth went on to say all",
    share=("tokens", "tokens"),
)
