"""The documented columns, read from columns.toml."""

import tomllib
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any


@dataclass(frozen=True)
class Column:
    """One column: where it comes from is `words`, `table` (structure) or `text` (a measure)."""

    name: str
    type: str
    origin: str
    meaning: str
    sql: str | None = None
    example: Any = None


@cache
def columns(on: str) -> dict[str, Column]:
    """Return the columns of an `exchange` or a `message` by name.

    >>> columns("message")["text"].type
    'VARCHAR'
    """
    text = (files("warehouse") / "features" / "columns.toml").read_text(encoding="utf-8")
    return parse_columns(text, on)


def parse_columns(text: str, on: str) -> dict[str, Column]:
    """Return the columns that a TOML text documents for `on`, by name."""
    rows = [row for row in tomllib.loads(text)["column"] if row["on"] == on]
    return {
        row["name"]: Column(
            row["name"],
            row["type"],
            row["from"],
            row["meaning"],
            row.get("sql"),
            row.get("example"),
        )
        for row in rows
    }


def measures(on: str) -> str:
    """Return the SELECT terms that compute the measures of the text."""
    return ", ".join(f"{c.sql} as {c.name}" for c in columns(on).values() if c.origin == "text")
