"""The columns that labeling functions read: an exchange's own, its neighbours', its measures."""

from functools import cache
from importlib.resources import files

from warehouse.features import Column, columns
from warehouse.features.columns import parse_columns

WORDS = {  # column -> the exchange whose words it is, and which of them
    "prompt": ("own", "prompt"),
    "answer": ("own", "answer"),
    "previous_prompt": ("previous", "prompt"),
    "previous_answer": ("previous", "answer"),
    "next_prompt": ("next", "prompt"),
}


@cache
def turn_columns() -> dict[str, Column]:
    """Return every column by name.

    >>> turn_columns()["previous_prompt"].type
    'VARCHAR'
    """
    text = (files("labelers") / "columns.toml").read_text(encoding="utf-8")
    return columns("exchange") | parse_columns(text, "turn")


def value_sql(name: str) -> str:
    """Return the SQL of a column over the tables that rows.sql joins."""
    column = turn_columns()[name]
    if name in WORDS:
        whose, which = WORDS[name]
        return f"{whose}_words.{which}"
    if column.origin == "neighbour":
        return str(column.sql)
    if column.origin == "script":
        return f"s.{'nko' if name == 'nko_letters' else name}"
    return f"t.{name}" if column.origin == "measure" else f"f.{name}"


def hash_sql(name: str) -> str:
    """Return the SQL of what a column's value depends on, without reading any text."""
    if name in WORDS:
        whose = {"own": "f", "previous": "p", "next": "n"}[WORDS[name][0]]
        return f"coalesce({whose}.exact_hash, {whose}.fingerprint)"
    return value_sql(name)
