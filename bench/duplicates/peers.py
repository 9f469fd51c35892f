"""The peers: `peers.py NAME FILE.parquet` finds the near copies and prints their pairs as JSON.

Each does what its documentation shows: MinHash of 128 permutations over shingles of five characters
(lower case, spaces as they are), an LSH index at a Jaccard similarity of 0.5, for each candidate
the Jaccard similarity of the shingles themselves, at least 0.5 as well.
"""

import json
import sys
from importlib import import_module
from typing import Any

THRESHOLD, PERMUTATIONS, SHINGLE = 0.5, 128, 5


def shingles(text: str) -> set[str]:
    """Return the runs of five characters of a text."""
    text = text.lower()
    return {text[i : i + SHINGLE] for i in range(max(len(text) - SHINGLE + 1, 1))}


def verified(texts: list[str], candidates: set[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return the pairs whose shingles are alike enough."""
    known: dict[int, set[str]] = {}
    found = []
    for one, other in sorted(candidates):
        a, b = (known.get(i) or known.setdefault(i, shingles(texts[i])) for i in (one, other))
        if len(a & b) >= THRESHOLD * len(a | b):
            found.append((one, other))
    return found


def datasketch(texts: list[str]) -> list[tuple[int, int]]:
    """datasketch: MinHash.bulk and MinHashLSH."""
    module: Any = import_module("datasketch")
    index = module.MinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS)
    candidates: set[tuple[int, int]] = set()
    for i, text in enumerate(texts):
        sketch = module.MinHash(num_perm=PERMUTATIONS)
        sketch.update_batch([shingle.encode() for shingle in shingles(text)])
        candidates.update((other, i) for other in index.query(sketch))
        index.insert(i, sketch)
    return verified(texts, candidates)


def rensa(texts: list[str]) -> list[tuple[int, int]]:
    """rensa: RMinHash and RMinHashLSH, 32 bands of four."""
    module: Any = import_module("rensa")
    index = module.RMinHashLSH(threshold=THRESHOLD, num_perm=PERMUTATIONS, num_bands=32)
    candidates: set[tuple[int, int]] = set()
    for i, text in enumerate(texts):
        sketch = module.RMinHash(num_perm=PERMUTATIONS, seed=7)
        sketch.update(list(shingles(text)))
        candidates.update((other, i) for other in index.query(sketch))
        index.insert(i, sketch)
    return verified(texts, candidates)


def agp(texts: list[str]) -> list[tuple[int, int]]:
    """agp's own way, as `agp filters run` and `agp lanes contamination` go it."""
    near: Any = import_module("filters.near")
    return [(one, other) for one, other, _ in near.near_pairs([(text,) for text in texts])]


if __name__ == "__main__":
    parquet: Any = import_module("pyarrow.parquet")
    whole = parquet.read_table(sys.argv[2])["text"].to_pylist()
    engines = {f.__name__: f for f in (datasketch, rensa, agp)}
    print(json.dumps(engines[sys.argv[1]](whole)))
