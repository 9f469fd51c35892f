"""Across records: sessions into families, records into a forest, the forest into exchanges."""

from lanes.exchanges.resolve import resolve

# The tables that `resolve` writes, from those that a record's own rows stand in.
DERIVED = (
    "sessions",
    "placements",
    "exchanges",
    "exchange_sources",
    "tool_calls",
    "aliases",
    "ambiguous_prompts",
)

__all__ = ["DERIVED", "resolve"]
