"""The columns that rules and labelers read: documented in columns.toml, computed once in SQL."""

from warehouse.features.columns import Column, columns
from warehouse.features.refresh import exchange_rows, message_rows, refresh

__all__ = ["Column", "columns", "exchange_rows", "message_rows", "refresh"]
