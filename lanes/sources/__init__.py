"""One module a source: bytes in, records out."""

GENERATION = 2  # of the parsers: what it makes of stored bytes changes only together with this
