"""The warehouse: one DuckDB file that keeps every byte ingested and all that was derived from it."""
