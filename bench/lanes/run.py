"""What `agp lanes build sft` takes as a history grows: 20,000 and 100,000 exchanges, one table.

    python -m bench lanes

The histories are written and ingested below bench/out, once; each build begins without decisions.
"""

import os
import shutil
import sys
from pathlib import Path

from bench.filters import history
from bench.measure import OUT, Measured, measure, write_table

FOLDER = OUT / "lanes"
SIZES = (20_000, 100_000)
HEAD = ["exchanges", "MB of JSONL", "seconds", "CPU s", "peak MB"]


def agp(home: Path, *arguments: str) -> Measured:
    """Run a command of this checkout on a home."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    env |= {"HOME": str(home), "AGP_HOME": str(home / "agp")}
    return measure([sys.executable, "-m", "agp", *arguments], env)


def build(count: int) -> list[str]:
    """Build from a history of so many exchanges; return its row of the table."""
    home = FOLDER / str(count)
    made = home / "ingested.duckdb"
    if not made.exists():
        shutil.rmtree(home, ignore_errors=True)
        history.write(home, count)
        agp(home, "ingest")
        shutil.move(home / "agp" / "warehouse.duckdb", made)
    shutil.rmtree(home / "agp", ignore_errors=True)
    (home / "agp").mkdir()
    shutil.copy(made, home / "agp" / "warehouse.duckdb")
    took = agp(home, "lanes", "build", "sft")
    size = sum(f.stat().st_size for f in (home / "agp" / "lanes").rglob("*.jsonl"))
    numbers = (f"{size / 1e6:.0f}", f"{took.seconds:.0f}", f"{took.processor:.0f}")
    return [f"{count:,}", *numbers, f"{took.peak:.0f}"]


def main() -> None:
    """Build from each history."""
    rows = [build(count) for count in SIZES]
    print(*("\t".join(row) for row in rows), sep="\n")
    write_table("lanes", HEAD, rows)


if __name__ == "__main__":
    main()
