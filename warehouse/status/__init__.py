"""What the warehouse holds and how well it was read, as plain values."""

from importlib.resources import files
from pathlib import Path
from typing import Any

import duckdb

FATES = (
    "kept as a message",
    "the same message again",
    "kept as tool output",
    "kept as a fact of its session",
    "kept as a link of the thread",
    "kept as bytes only",
    "quarantined",
)


def status(con: duckdb.DuckDBPyConnection, path: Path) -> dict[str, Any]:
    """Return the state of an open warehouse whose file stands at `path`.

    `records` holds for each fate how many records and bytes met it, and of which kinds they are;
    the fates add up to every record.
    """
    sources = rows(con, "sources")
    read = sum(source["bytes"] for source in sources)
    log = Path(f"{path}.wal")
    stored = path.stat().st_size + (log.stat().st_size if log.exists() else 0)
    return {
        "warehouse": str(path),
        "bytes_stored": stored,
        "bytes_read": read,
        "stored_to_read": stored / read if read else None,
        **rows(con, "ingests")[0],
        "sources": sources,
        "months": rows(con, "months"),
        "logged_prompts": rows(con, "prompts")[0],
        "records": by_fate(rows(con, "records")),
        "tool_calls": rows(con, "tools")[0],
    }


def by_fate(kinds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Gather the kinds of records under their fates, in a fixed order.

    >>> by_fate([{"fate": "quarantined", "kind": "cut", "records": 2, "bytes": 9}])
    [{'fate': 'quarantined', 'records': 2, 'bytes': 9, 'kinds': {'cut': 2}}]
    """
    out = []
    for fate in FATES:
        met = [kind for kind in kinds if kind["fate"] == fate]
        if met:
            entry = {name: sum(kind[name] for kind in met) for name in ("records", "bytes")}
            out.append({"fate": fate, **entry, "kinds": {k["kind"]: k["records"] for k in met}})
    return out


def rows(con: duckdb.DuckDBPyConnection, name: str) -> list[dict[str, Any]]:
    """Return the rows of one of the queries beside this module."""
    cursor = con.execute((files("warehouse.status") / f"{name}.sql").read_text(encoding="utf-8"))
    columns = [column[0] for column in cursor.description or []]
    return [dict(zip(columns, row, strict=True)) for row in cursor.fetchall()]
