"""Our own engine: bytes come in, spans of the detectors in `detectors/*.toml` go out."""

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from filters.secrets.detectors import Detector, all_detectors

# Below this length asking for each keyword is quicker than building one automaton for all.
_SHORT = 4_000


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


@cache
def _by_beginning() -> dict[bytes, list[bytes]]:
    """Return the keywords by their first two bytes, those of one byte by that."""
    table: dict[bytes, list[bytes]] = {}
    for keyword in _by_keyword():
        table.setdefault(keyword[:2], []).append(keyword)
    return table


def occurrences(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where a word stands."""
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _keywords_in(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield every place where a keyword stands, in any case, with the keyword in lower case."""
    low = data.lower()
    if len(data) < _SHORT:
        for keyword in _by_keyword():
            for at in occurrences(low, keyword):
                yield at, keyword
        return
    import polars as pl

    words = [keyword.decode() for keyword in _by_keyword()]
    hits = pl.Series([low.decode()]).str.find_many(words, overlapping=True)[0]
    table = _by_beginning()
    for at in set(hits.to_list()):
        for beginning in (low[at : at + 1], low[at : at + 2]):
            for keyword in table.get(beginning, ()):
                if low.startswith(keyword, at):
                    yield at, keyword


def find(data: bytes) -> list[Span]:
    """Return what our own detectors find in UTF-8 bytes, unsorted; spans may overlap."""
    spans: list[Span] = []
    for at, keyword in _keywords_in(data):
        for detector in _by_keyword()[keyword]:
            hit = detector.match(data, at)
            if hit:
                spans.append(Span(*hit, detector.kind))
    return spans


def find_literals(data: bytes, literals: re.Pattern[bytes] | None) -> list[Span]:
    """Return where the words of a person's own list stand."""
    return [Span(*m.span(), "literal") for m in literals.finditer(data)] if literals else []
