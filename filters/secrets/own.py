"""Our own engine: bytes come in, spans of the detectors in `detectors/*.toml` go out."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from filters.secrets.detectors import Detector, all_detectors


class Span(NamedTuple):
    """Where a secret stands, in bytes, and of which kind it is."""

    start: int
    end: int
    kind: str


@cache
def _by_keyword() -> dict[bytes, tuple[Detector, ...]]:
    """Return which detectors a keyword calls."""
    table: dict[bytes, list[Detector]] = {}
    for detector in all_detectors():
        for keyword in detector.keywords:
            table.setdefault(keyword.lower().encode(), []).append(detector)
    return {keyword: tuple(found) for keyword, found in table.items()}


def present(low: bytes) -> list[bytes]:
    """Return the keywords that stand in a lower-case text."""
    return [keyword for keyword in _by_keyword() if keyword in low]


def occurrences(low: bytes, keyword: bytes) -> Iterator[int]:
    """Yield where a keyword stands."""
    at = low.find(keyword)
    while at >= 0:
        yield at
        at = low.find(keyword, at + 1)


def find(data: bytes) -> list[Span]:
    """Return what our own detectors find, unsorted; spans may overlap."""
    low = data.lower()
    spans: list[Span] = []
    for keyword in present(low):
        detectors = _by_keyword()[keyword]
        for at in occurrences(low, keyword):
            for detector in detectors:
                hit = detector.match(data, at)
                if hit:
                    spans.append(Span(*hit, detector.kind))
    return spans


def find_literals(data: bytes, literals: re.Pattern[bytes] | None) -> list[Span]:
    """Return where the words of a person's own list stand."""
    return [Span(*m.span(), "literal") for m in literals.finditer(data)] if literals else []
