"""The peak memory of `agp ingest` as the history grows: 100 MB, 2 GB, a rollout of huge lines.

    python -m bench memory

All processes together, each from an empty warehouse. Goal: the same for all of them. Trees are
made once below bench/out, by the generator that `--generator` or AGP_GENERATOR names, else here.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.ingest.run import plain
from bench.measure import OUT, Measured, measure, write_table
from bench.memory import rollout

FOLDER = OUT / "memory"
HEAD = ["history", "MB", "records", "largest record, MB", "peak MB"]
LARGEST = "select max(byte_length) from raw_records"


def transcripts(mb: int, generator: str | None) -> Path:
    """Return a home that holds transcripts; made once."""
    home = FOLDER / f"transcripts{mb}"
    if not home.exists() and generator:
        command = [sys.executable, generator, home / ".claude", f"--mb={mb}", f"--files={mb * 2}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    elif not home.exists():
        plain(home, mb)
    return home


def large_lines(mb: int) -> Path:
    """Return a home that holds one rollout; made once."""
    home = FOLDER / f"rollout{mb}"
    if not home.exists():
        rollout.write(home / ".codex", mb * 1_000_000)
    return home


def ingested(home: Path) -> tuple[Measured, dict[str, int], int]:
    """Ingest a home from the beginning; return what it took, its totals, the largest record."""
    from warehouse.store import open_reader

    store = FOLDER / "store"
    shutil.rmtree(store, ignore_errors=True)
    env = {k: v for k, v in os.environ.items() if k not in ("CLAUDE_CONFIG_DIR", "CODEX_HOME")}
    env |= {"HOME": str(home), "AGP_HOME": str(store)}
    took = measure([sys.executable, "-m", "agp", "ingest", "--json"], env)
    with open_reader(store / "warehouse.duckdb") as con:
        [(largest,)] = con.execute(LARGEST).fetchall()
    shutil.rmtree(store)
    return took, json.loads(took.output)["warehouse"], largest


def main() -> None:
    """Measure each history; write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--generator", default=os.environ.get("AGP_GENERATOR"))
    options.add_argument("--mb", type=int, nargs="*", default=[100, 2000], help="of transcripts")
    options.add_argument("--lines", type=int, nargs="*", default=[700], help="MB of large lines")
    given = options.parse_args()
    FOLDER.mkdir(parents=True, exist_ok=True)
    rows: list[list[str]] = []
    homes = [
        (f"transcripts, {mb * 2:,} files", transcripts(mb, given.generator)) for mb in given.mb
    ]
    homes += [("one rollout, every line large", large_lines(mb)) for mb in given.lines]
    for label, home in homes:
        took, found, largest = ingested(home)
        numbers = (f"{found['bytes'] / 1e6:,.0f}", f"{found['records']:,}", f"{largest / 1e6:.1f}")
        rows.append([label, *numbers, f"{took.peak:.0f}"])
        print("\t".join(rows[-1]), flush=True)
    write_table("memory", HEAD, rows)


if __name__ == "__main__":
    main()
