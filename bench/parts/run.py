"""What the time of a first ingest is spent on: one process, a clock at each part, one table.

    python -m bench parts

The tree is that of `python -m bench memory` (300 MB of transcripts); everything in one process, so
that nothing runs beside anything else. What is left of the whole is the start of Python.
"""

import argparse
import json
import os
import shutil
import sys

from bench.measure import OUT, measure, write_table
from bench.memory.run import transcripts

HEAD = ["what", "seconds", "of all"]


def main() -> None:
    """Ingest once; write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--generator", default=os.environ.get("AGP_GENERATOR"))
    options.add_argument("--mb", type=int, default=300)
    given = options.parse_args()
    home, store = transcripts(given.mb, given.generator), OUT / "parts"
    shutil.rmtree(store, ignore_errors=True)
    env = os.environ | {"HOME": str(home), "AGP_HOME": str(store)}
    took = measure([sys.executable, "-m", "bench.parts.inside"], env)
    found = json.loads(took.output)
    seconds = found["seconds"]
    seconds["start and end of Python"] = took.seconds - sum(seconds.values())
    rows = [
        [what, f"{spent:.2f}", f"{spent / took.seconds:.0%}"]
        for what, spent in sorted(seconds.items(), key=lambda item: -item[1])
    ]
    rows.append([f"all, {found['bytes'] / 1e6:.0f} MB", f"{took.seconds:.2f}", "100%"])
    write_table("parts", HEAD, rows)
    print(*("\t".join(row) for row in rows), sep="\n")
    shutil.rmtree(store)


if __name__ == "__main__":
    main()
