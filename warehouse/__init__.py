"""The warehouse: one DuckDB file that keeps every byte ingested and all derived from it."""
