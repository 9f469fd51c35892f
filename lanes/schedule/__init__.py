"""A timer of the system's own that runs `agp ingest`: nothing is gone before it is kept."""
