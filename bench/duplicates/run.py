"""Near copies among many texts: agp against datasketch and rensa, one run, two tables.

    python -m bench duplicates

Texts and truth are planted (bench/duplicates/planted.py). Every engine reads the same Parquet file
and prints the pairs that it holds for near copies; recall and precision are those of its pairs.
"""

import argparse
import json
import os
import sys
from collections import defaultdict
from pathlib import Path

import polars as pl

from bench.duplicates.planted import Planted, judged, planted
from bench.measure import OUT, ROOT, Measured, environment, measure, write_table

HERE = Path(__file__).parent
PEERS = {
    "datasketch": ("datasketch", ["datasketch", "pyarrow"]),
    "rensa": ("rensa", ["rensa", "pyarrow"]),
}
HEAD = ["what", "texts", "seconds", "CPU s", "peak MB", "recall", "precision"]
KINDS = ["script", "edited", "copies", "found"]
Pairs = set[tuple[int, int]]


def written(count: int) -> tuple[Path, list[Planted]]:
    """Return so many texts with the truth, and the file that holds the texts alone."""
    texts = planted(count)
    path = OUT / "duplicates" / f"texts-{count}.parquet"
    path.parent.mkdir(parents=True, exist_ok=True)
    pl.DataFrame({"text": [text.text for text in texts]}).write_parquet(path)
    return path, texts


def engine(name: str, path: Path) -> tuple[Measured, Pairs]:
    """Run one engine in a process of its own; return what it took and the pairs it found."""
    env = {k: v for k, v in os.environ.items() if not k.startswith("PYTHON")}
    python = Path(sys.executable) if name == "agp" else environment(name, PEERS[name][1])
    if name == "agp":
        env["PYTHONPATH"] = str(ROOT)
    took = measure([python, HERE / "peers.py", name, path], env)
    return took, {(min(pair), max(pair)) for pair in json.loads(took.output)}


def cells(label: str, texts: list[Planted], took: Measured, found: Pairs) -> list[str]:
    """Return a row of the first table."""
    recall, precision = judged(texts, found)
    numbers = (f"{took.seconds:.1f}", f"{took.processor:.1f}", f"{took.peak:.0f}")
    return [label, f"{len(texts):,}", *numbers, f"{recall:.4f}", f"{precision:.4f}"]


def by_kind(texts: list[Planted], found: Pairs) -> list[list[str]]:
    """Return how many planted copies of each script and kind of edit were found."""
    first = {text.cluster: i for i, text in enumerate(texts) if text.original}
    counted: dict[tuple[str, str], list[int]] = defaultdict(lambda: [0, 0])
    for i, text in enumerate(texts):
        if not text.original:
            pair = sorted((i, first[text.cluster]))
            counted[text.script, text.kind][0] += 1
            counted[text.script, text.kind][1] += tuple(pair) in found
    return [[*key, str(n), f"{hits / n:.4f}"] for key, (n, hits) in sorted(counted.items())]


def main() -> None:
    """Measure agp at two sizes and its peers at the larger one."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--texts", type=int, default=50_000)
    options.add_argument("--also", type=int, default=12_500, help="a second size, for agp alone")
    chosen = options.parse_args()
    path, texts = written(chosen.texts)
    few, truth = written(chosen.also)
    rows = [cells("agp", truth, *engine("agp", few))]
    took, found = engine("agp", path)
    rows.append(cells("agp", texts, took, found))
    print(*("\t".join(row) for row in rows), sep="\n", flush=True)
    write_table("duplicates-kinds", KINDS, by_kind(texts, found))
    for name, (label, _) in PEERS.items():
        try:
            rows.append(cells(label, texts, *engine(name, path)))
        except (RuntimeError, OSError, ValueError) as error:
            rows.append([label, str(error).replace("|", "/"), *[""] * 5])
        print("\t".join(rows[-1]), flush=True)
    write_table("duplicates", HEAD, rows)


if __name__ == "__main__":
    main()
