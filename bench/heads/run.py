"""Stage 2 from shards against running the backbone in every epoch; and its memory.

    python -m bench heads  (python -m bench.heads.run --model MODEL for another model)

Captures the shipped pack once, 100 and then all prompts of each split, and times one epoch each way
in a process of its own (one seed and its control). The table goes between the markers of
bench/README.md.
"""

import argparse
import json
import os
import subprocess
import sys
from typing import Any

from bench.measure import OUT, ROOT, write_table
from train.blas import openblas

HEAD = ["model", "prompts", "positions", "epoch from shards, s", "with the backbone, s", "ratio"]
HEAD += ["peak MB, shards", "peak MB, backbone"]
SIZES = (100, 1000)  # prompts of a split, at the most


def environment() -> dict[str, str]:
    """Return the environment of every process: OpenBLAS where it is found, a home of its own."""
    env = {**os.environ, "OPENBLAS_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)}
    env |= {"AGP_HOME": str(OUT / "heads")}
    if library := openblas():
        env |= {"LD_PRELOAD": library, "AGP_BLAS": library}
    return env


def run(command: list[str]) -> str:
    """Run a command and return what it printed; end where it fails."""
    done = subprocess.run(command, env=environment(), capture_output=True, text=True, cwd=ROOT)
    if done.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{done.stderr[-2000:]}")
    return done.stdout


def captured(model: str, most: int) -> dict[str, Any]:
    """Return the manifest of a capture of at most so many prompts of each split."""
    command = [sys.executable, "-m", "agp", "train", "capture", "--model", model]
    return json.loads(run([*command, "--splits", "heads,valid", "--most", str(most), "--json"]))


def measured(name: str, folder: str, repeat: int) -> dict[str, float]:
    """Return the fastest of several runs of a contender."""
    script = [sys.executable, "-m", "bench.heads.contenders", name, folder]
    found = [json.loads(run(script).splitlines()[-1]) for _ in range(repeat)]
    return min(found, key=lambda f: f["seconds"])


def row(model: str, most: int, repeat: int) -> list[str]:
    """Return a line of the table."""
    facts = captured(model, most)
    shards, backbone = (measured(n, facts["path"], repeat) for n in ("shards", "backbone"))
    other = shards["seconds"] + backbone["seconds"]
    return [
        model,
        f"{facts['prompts']:,}",
        f"{facts['rows']:,}",
        f"{shards['seconds']:.2f}",
        f"{other:.2f}",
        f"{other / shards['seconds']:.1f} ×",
        f"{shards['peak_mb']:,.0f}",
        f"{backbone['peak_mb']:,.0f}",
    ]


def main() -> None:
    """Measure and write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--model", default="tiny")
    options.add_argument("--repeat", type=int, default=2)
    options.add_argument("--print", action="store_true", help="leave the page as it is")
    given = options.parse_args()
    rows = [row(given.model, most, given.repeat) for most in SIZES]
    print("\n".join("\t".join(line) for line in rows))
    if not given.print:
        write_table("heads", HEAD, rows)


if __name__ == "__main__":
    main()
