"""How long a table takes to read, and nothing else: prints rows and seconds; run.py starts it."""

import time

from lanes.memories.access import access
from lanes.memories.settings import memory_settings
from lanes.memories.tables import reader


def main() -> None:
    """Read memory_turns by the way that the environment names, from its beginning."""
    way = access()
    assert way
    with reader(way, memory_settings()) as source:
        source.count("memory_turns", ["id"])  # connected, and the client made
        began = time.perf_counter()
        rows = sum(len(page) for page in source.pages("memory_turns", ["updated_at", "id"], []))
        print(rows, time.perf_counter() - began)


if __name__ == "__main__":
    main()
