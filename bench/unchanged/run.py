"""An ingest that finds nothing new, beside the first one: 10,000 files, a stat each.

    python -m bench unchanged

Goal: at most one second for 10,000 files, start-up included, and at most 2 % of the first run.
Transcripts of some lines are written below bench/out; `--files` and `--kb` set how many and how
large. The floor walks the same tree and asks for a stat of every file, in a process of its own.
"""

import argparse
import json
import os
import random
import shutil
import sys
from pathlib import Path

from bench.measure import OUT, measure, write_table

HEAD = ["what", "seconds", "CPU s", "of the first run"]
WALK = """
import os, sys
for folder, _, names in os.walk(sys.argv[1]):
    for name in names:
        os.stat(os.path.join(folder, name))
"""


def tree(home: Path, files: int, kilobytes: int) -> None:
    """Write transcripts of one size, in folders of a hundred."""
    dice = random.Random(3)
    words = ["".join(dice.choices("etaoinshrdlu", k=dice.randint(2, 9))) for _ in range(2000)]
    for number in range(files):
        folder = home / ".claude" / "projects" / f"p{number // 100}"
        folder.mkdir(parents=True, exist_ok=True)
        session, size = f"{number:08}-0000-4000-8000-000000000000", 0
        with (folder / f"{session}.jsonl").open("w") as file:
            while size < kilobytes * 1000:
                text = " ".join(dice.choices(words, k=300))
                message = {"role": "user", "content": text}
                row = {"type": "user", "uuid": f"{session}-{size}", "sessionId": session}
                row |= {"timestamp": "2026-03-01T10:00:00.000Z", "permissionMode": "default"}
                size += file.write(json.dumps(row | {"message": message}) + "\n")


def main() -> None:
    """Measure the first run and three more; the best of those counts."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--files", type=int, default=10_000)
    options.add_argument("--kb", type=int, default=40)
    given = options.parse_args()
    home = OUT / "unchanged"
    shutil.rmtree(home, ignore_errors=True)
    tree(home, given.files, given.kb)
    env = os.environ | {"HOME": str(home), "AGP_HOME": str(home / ".agp")}
    command = [sys.executable, "-m", "agp", "ingest", "--json"]
    first = measure(command, env)
    again = [measure(command, env) for _ in range(3)]
    for run in again:
        found = json.loads(run.output)
        assert found["files"]["unchanged"] == given.files and not found["new"]["records"], found
    best = min(again, key=lambda run: run.seconds)
    floor = min(
        (measure([sys.executable, "-c", WALK, home / ".claude"], env) for _ in range(3)),
        key=lambda run: run.seconds,
    )
    size = given.files * given.kb // 1000
    rows = [
        [name, f"{run.seconds:.2f}", f"{run.processor:.2f}", f"{run.seconds / first.seconds:.2%}"]
        for name, run in (
            (f"first run, {given.files:,} files of {size:,} MB", first),
            ("nothing new", best),
            ("floor: a walk with a stat of every file", floor),
        )
    ]
    write_table("unchanged", HEAD, rows)
    for row in rows:
        print(*row, sep="\t")
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
