"""Pairs in, connected components out."""

from collections.abc import Iterable
from typing import Any, TypeVar

T = TypeVar("T", str, int)


def groups(members: Iterable[T], pairs: Iterable[tuple[T, T]]) -> list[list[T]]:
    """Return the connected components, each sorted, in order of their smallest member.

    >>> groups(["c", "a", "b", "d"], [("b", "a"), ("d", "b")])
    [['a', 'b', 'd'], ['c']]
    """
    parent = {member: member for member in members}

    def root(x: T) -> T:
        while parent[x] != x:
            parent[x] = x = parent[parent[x]]
        return x

    for a, b in pairs:
        low, high = sorted((root(a), root(b)))
        parent[high] = low
    found: dict[Any, list[T]] = {}
    for member in sorted(parent):
        found.setdefault(root(member), []).append(member)
    return list(found.values())
