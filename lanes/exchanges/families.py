"""Sessions that share records or hang on one another: one family, in the order they began.

A resumed or forked session repeats its parent's records with their old times. So sessions are put
in the order of their records' times, compared like words in a dictionary: a session that ends
where another goes on stands before it, and of two that part the one that went on earlier. This
depends on what they say alone, not on which was read first.
"""

from collections.abc import Iterable

import numpy as np

from lanes.exchanges.structure import NO_TIME, NONE, Ints, Structure


def family_of(count: int, pairs: Iterable[tuple[int, int]]) -> list[int]:
    """Return for each of `count` things the least thing it is joined with.

    >>> family_of(5, [(1, 2), (2, 4)])
    [0, 1, 1, 3, 1]
    """
    root = list(range(count))

    def find(x: int) -> int:
        while root[x] != x:
            root[x] = root[root[x]]
            x = root[x]
        return x

    for a, b in pairs:
        a, b = find(a), find(b)
        root[max(a, b)] = min(a, b)
    return [find(x) for x in range(count)]


def shared_pairs(s: Structure) -> set[tuple[int, int]]:
    """Return pairs of sessions that hold the same record, or of which one hangs on the other."""
    owner = np.full(s.ids + 1, NONE)
    owner[s.id[::-1]] = s.session[::-1]
    pairs: set[tuple[int, int]] = set()
    for a in (owner[s.id], owner[s.parent]):
        differs = (a != s.session) & (a != NONE)
        pairs |= set(zip(a[differs].tolist(), s.session[differs].tolist(), strict=True))
    return pairs


def session_ranks(s: Structure, family: list[int], forked: set[int]) -> Ints:
    """Return each session's place among all; in a family, one that says it is a fork comes last."""
    values, counts = np.unique(family, return_counts=True)
    several = set(values[counts > 1].tolist())
    times = {i: _times(s, i) for i, f in enumerate(family) if f in several}
    order = sorted(
        range(len(family)),
        key=lambda i: (i in forked, not times.get(i), times.get(i, []), s.sessions[i]),
    )
    ranks = np.zeros(len(family), np.int64)
    ranks[order] = np.arange(len(order))
    return ranks


def _times(s: Structure, session: int) -> list[int]:
    times = s.time[s.session == session]
    return np.sort(times[times != NO_TIME]).tolist()


def parents_of(
    s: Structure, owner: Ints, ranks: Ints, told: list[tuple[int, int]]
) -> dict[int, str]:
    """Return the session that each one carries on, where there is one.

    It is what a record names, else the owner of the last record that a later session repeats or
    hangs on.
    """
    parents: dict[int, str] = {}
    for code in (s.parent, s.id):
        own = np.where(code == NONE, NONE, owner[code]) if len(owner) else code
        there = np.where(own == NONE, NONE, s.session[own])
        rows = np.flatnonzero((there != NONE) & (there != s.session))
        rows = rows[ranks[there[rows]] < ranks[s.session[rows]]]
        at = np.lexsort((rows, s.time[rows]))
        parents |= {int(s.session[r]): s.sessions[there[r]] for r in rows[at].tolist()}
    return parents | {child: s.sessions[parent] for parent, child in told}
