"""How much room a history takes that repeats itself as real ones do, and that every byte is there.

    python -m bench.store.run --generator gen_transcripts.py

The tree holds images that stand twice on their line, forks that copy their parent, rollouts of
Codex. Goal: at most 0.3 of its size, `agp warehouse verify` proving every byte. AGP_GENERATOR is
the default for the generator; without one a tree of the same kind is written here. `--images`,
`--forks` and `--codex` are how many of each.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from bench.measure import OUT, measure, write_table
from bench.store.tree import plain

HEAD = ["tree", "MB", "store MB", "store / source", "compacted", "verify"]
AGP = [sys.executable, "-m", "agp"]


def size(folder: Path) -> int:
    """Return the bytes of all files below a folder."""
    return sum(f.stat().st_size for f in folder.rglob("*") if f.is_file())


def lay(home: Path, generator: str | None, mb: int, many: dict[str, int]) -> None:
    """Write the tree, by the generator where there is one."""
    if generator is None:
        plain(home, **many)
        return
    asked = [f"--{name}={value}" for name, value in many.items()]
    command = [sys.executable, generator, home / ".claude", f"--mb={mb}", *asked]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    (home / ".claude" / "codex").rename(home / ".codex")


def main() -> None:
    """Ingest, verify, compact; write the table."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--generator", default=os.environ.get("AGP_GENERATOR") or None)
    options.add_argument("--mb", type=int, default=20)
    for name, usual in (("images", 300), ("forks", 20), ("codex", 60)):
        options.add_argument(f"--{name}", type=int, default=usual)
    given = options.parse_args()
    home = OUT / "store-home"
    shutil.rmtree(home, ignore_errors=True)
    home.mkdir(parents=True)
    many = {name: getattr(given, name) for name in ("images", "forks", "codex")}
    lay(home, given.generator, given.mb, many)
    env = os.environ | {"HOME": str(home), "AGP_HOME": str(home / ".agp")}
    measure([*AGP, "ingest", "--json"], env)
    source = size(home / ".claude" / "projects") + size(home / ".codex")
    stored = size(home / ".agp")
    report = json.loads(measure([*AGP, "warehouse", "verify", "--json"], env).output)
    assert report["bytes"] == source and not report["damages"], report
    compacted = json.loads(measure([*AGP, "warehouse", "compact", "--json"], env).output)["after"]
    label = ", ".join(f"{value} {name}" for name, value in many.items())
    label += "" if given.generator else " (written here)"
    numbers = [f"{source / 1e6:.0f}", f"{stored / 1e6:.1f}", f"{stored / source:.3f}"]
    proof = f"{report['records']:,} records, every byte"
    row = [label, *numbers, f"{compacted / source:.3f}", proof]
    write_table("store", HEAD, [row])
    print(*row, sep="\t")
    shutil.rmtree(home)


if __name__ == "__main__":
    main()
