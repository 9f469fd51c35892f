"""A query's rows as CSV, JSON or Parquet, written as they come: memory does not grow with them."""

import csv
import math
import os
import sys
from decimal import Decimal
from pathlib import Path
from typing import Any

import orjson

from warehouse.errors import AgpError
from warehouse.interrupt import interruptible
from warehouse.sql import BATCH, Result, connected


def write_csv(result: Result) -> None:
    """Write a header and rows to standard output; bytes are hexadecimal, lists and structs JSON."""
    out = csv.writer(sys.stdout, lineterminator="\n")
    out.writerow(result.columns)
    for row in result.rows:
        out.writerow([_csv_cell(value) for value in row])


def write_json(result: Result) -> None:
    """Write a list of objects to standard output, one object a line."""
    separator = "["
    for row in result.rows:
        item = {name: plain(value) for name, value in zip(result.columns, row, strict=True)}
        sys.stdout.write(separator + "\n" + orjson.dumps(item).decode())
        separator = ","
    sys.stdout.write("[]\n" if separator == "[" else "\n]\n")


def write_parquet(query: str, out: Path) -> int:
    """Write the query's rows to a Parquet file, whole or not at all; return how many."""
    import pyarrow.parquet

    part = out.with_name(f"{out.name}.{os.getpid()}.part")
    rows = 0
    try:
        with connected(query) as con:
            reader = interruptible(con, lambda: con.sql(query).to_arrow_reader(BATCH))
            with pyarrow.parquet.ParquetWriter(part, reader.schema, compression="zstd") as writer:
                while (batch := interruptible(con, lambda: next(reader, None))) is not None:
                    writer.write_batch(batch)
                    rows += batch.num_rows
        os.replace(part, out)
    except OSError as error:
        raise AgpError(f"cannot write {out}: {error.strerror or error}") from None
    finally:
        part.unlink(missing_ok=True)
    return rows


def plain(value: Any) -> Any:
    """Return a value as JSON has it.

    >>> from datetime import datetime
    >>> plain([b"\\xff", Decimal("2"), Decimal("0.5"), datetime(2026, 1, 2), float("nan"), 2**70])
    ['ff', 2, 0.5, '2026-01-02T00:00:00', None, 1.1805916207174113e+21]
    """
    if isinstance(value, dict):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, bytes):
        return value.hex()
    if isinstance(value, Decimal):
        value = int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, int) and not -(2**63) <= value < 2**64:
        return float(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, str | int):
        return value
    return value.isoformat() if hasattr(value, "isoformat") else str(value)


def _csv_cell(value: Any) -> Any:
    if isinstance(value, dict | list | tuple):
        return orjson.dumps(plain(value)).decode()
    return str(value).lower() if isinstance(value, bool) else plain(value)
