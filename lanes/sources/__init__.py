"""One module a source: bytes in, records out."""
