"""Where two strings of a list meet: a secret may begin in one block and end in the next.

A nested value comes in; the places where a token may go on go out, and can be replaced there.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from filters.secrets.own import Span

_REACH = 200  # characters on either side
_LAST = re.compile(r"[A-Za-z0-9_.:~+/=-]{3,200}\Z")
_FIRST = re.compile(r"[A-Za-z0-9_.:~+/=-]{3,200}")
Holder = tuple[Any, Any]  # a list or dict, and the index or key of a string in it


@dataclass
class Seam:
    """The end of one string and the beginning of the next, joined by a line break."""

    left: Holder
    right: Holder
    tail: str
    head: str

    @property
    def text(self) -> str:
        """Return both, as one text."""
        return f"{self.tail}\n{self.head}"

    @property
    def at(self) -> int:
        """Return where the line break stands; all of it is ASCII."""
        return len(self.tail)

    def secret(self, span: Span) -> bytes:
        """Return the secret without the line break."""
        return (self.tail[span.start :] + self.head[: span.end - self.at - 1]).encode()

    def replace(self, span: Span, placeholder: str) -> None:
        """Put a placeholder in the place of either part."""
        (before, i), (after, j) = self.left, self.right
        if not before[i].endswith(self.tail) or not after[j].startswith(self.head):
            return  # the seam before this one took it
        kept = len(before[i]) - len(self.tail) + span.start
        before[i] = before[i][:kept] + placeholder
        after[j] = placeholder + after[j][span.end - self.at - 1 :]


def seams(value: Any) -> list[Seam]:
    """Return the seams of every list in a nested value where a token may go on.

    >>> [s.text for s in seams([{"text": "use abc"}, {"text": "def now"}])]
    ['abc\\ndef']
    """
    return list(_seams(value))


def _seams(value: Any) -> Iterator[Seam]:
    if isinstance(value, dict):
        for item in value.values():
            yield from _seams(item)
    elif isinstance(value, list):
        holders = [_holder(value, i) for i in range(len(value))]
        for left, right in pairwise(holders):
            tail = left and _LAST.search(left[0][left[1]][-_REACH:])
            head = right and _FIRST.match(right[0][right[1]])
            if left and right and tail and head:
                yield Seam(left, right, tail[0], head[0])
        for item in value:
            yield from _seams(item)


def _holder(items: list[Any], i: int) -> Holder | None:
    """Return where the string of a block stands: the block itself, or its text."""
    if isinstance(items[i], str):
        return items, i
    if isinstance(items[i], dict) and isinstance(items[i].get("text"), str):
        return items[i], "text"
    return None
