"""Across records: sessions into families, records into a forest, the forest into exchanges."""

from lanes.exchanges.resolve import resolve

__all__ = ["resolve"]
