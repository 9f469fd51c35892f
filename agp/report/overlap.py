"""The heat map of what two rules share: pairs come in, a square of rows and shades goes out."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

MOST = 14  # rules that share most


def heat_map(pairs: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return names, and for each a row of (shared, shade from 0 to 1); None on the diagonal.

    >>> heat_map([{"a": "x", "b": "y", "n": 4}])
    {'names': ['x', 'y'], 'rows': [[None, (4, 1.0)], [(4, 1.0), None]], 'left_out': 0}
    """
    shared: Counter[str] = Counter()
    both: dict[tuple[str, str], int] = {}
    for pair in pairs:
        a, b, n = pair["a"], pair["b"], pair["n"]
        both[a, b] = both[b, a] = n
        shared[a] += n
        shared[b] += n
    names = sorted(sorted(shared, key=lambda r: (-shared[r], r))[:MOST])
    top = max(both.values(), default=1)
    rows = [
        [None if a == b else (both.get((a, b), 0), both.get((a, b), 0) / top) for b in names]
        for a in names
    ]
    return {"names": names, "rows": rows, "left_out": len(shared) - len(names)}
