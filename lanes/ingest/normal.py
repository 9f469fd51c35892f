"""The parsers that make the normal layer, by source: looked up when an ingest needs them."""

import importlib
from typing import Any


class NoRows:
    """Rows of no table: where no parser is installed, only the raw layer is filled."""

    def to_arrow(self) -> dict[str, Any]:
        """Return no tables."""
        return {}


def parser() -> tuple[Any, Any]:
    """Return (normalise, Rows)."""
    try:
        return (
            importlib.import_module("lanes.sources.claude").normalise,
            importlib.import_module("lanes.sources.rows").Rows,
        )
    except ImportError:
        return skip, NoRows


def skip(file: Any, records: Any, rows: Any) -> None:
    """Read the records and make nothing of them."""
    for _ in records:
        pass


def tables() -> list[str]:
    """Return the tables a record may have rows in."""
    try:
        return list(importlib.import_module("lanes.sources.rows").TABLES)
    except ImportError:
        return []


def resolver() -> Any:
    """Return what derives sessions and exchanges."""
    try:
        return importlib.import_module("lanes.exchanges").resolve
    except (ImportError, AttributeError):
        return lambda con, sessions: None
