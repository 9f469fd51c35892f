"""A first ingest by one process, by two and by three: the same tree, the same rows, one table.

    python -m bench processes

One process does all; with more, the others parse while it writes. Each is run `--repeat` times in
turn and its best run counts; all must end with the same totals. The tree is that of
`python -m bench memory`.
"""

import argparse
import json
import os
import shutil
import sys

from bench.measure import OUT, Measured, measure, write_table
from bench.memory.run import transcripts

HEAD = ["processes", "seconds", "CPU s", "MB/s", "against one", "peak MB"]


def main() -> None:
    """Measure; write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--generator", default=os.environ.get("AGP_GENERATOR"))
    options.add_argument("--mb", type=int, default=300)
    options.add_argument("--repeat", type=int, default=2)
    given = options.parse_args()
    home, store = transcripts(given.mb, given.generator), OUT / "processes"
    env = os.environ | {"HOME": str(home), "AGP_HOME": str(store)}
    best: dict[int, Measured] = {}
    totals: list[dict[str, int]] = []
    for _ in range(given.repeat):
        for count in (0, 1, 2):
            shutil.rmtree(store, ignore_errors=True)
            command = [sys.executable, "-m", "agp", "ingest", "--json", "--processes", str(count)]
            took = measure(command, env)
            totals.append(json.loads(took.output)["warehouse"])
            if count not in best or took.seconds < best[count].seconds:
                best[count] = took
    assert all(total == totals[0] for total in totals), totals
    size, one = totals[0]["bytes"] / 1e6, best[0].seconds
    rows = [
        [
            f"{count + 1}" + (f" ({count} of them parse)" if count else ""),
            *(f"{took.seconds:.1f}", f"{took.processor:.1f}", f"{size / took.seconds:.0f}"),
            *(f"{one / took.seconds:.2f} ×", f"{took.peak:.0f}"),
        ]
        for count, took in best.items()
    ]
    write_table("processes", HEAD, rows)
    print(*("\t".join(row) for row in rows), sep="\n")
    shutil.rmtree(store)


if __name__ == "__main__":
    main()
