"""Our own engine: bytes come in, spans of the detectors in `detectors/*.toml` go out."""

import re
from collections.abc import Collection, Iterator
from functools import cache
from typing import NamedTuple

from filters.secrets.detectors import Detector, all_detectors, kinds_off, masked

# Below this length asking for each keyword is quicker than building one automaton for all.
_SHORT = 50_000
Off = frozenset[str]
Called = tuple[Detector, bytes]


class Span(NamedTuple):
    """Where a secret stands, in bytes, of which kind it is, and which detector says so."""

    start: int
    end: int
    kind: str
    detector: str = ""


@cache
def _detectors(off: Off) -> tuple[tuple[Detector, ...], dict[bytes, tuple[Called, ...]]]:
    """Return those that look everywhere, and which ones a keyword calls; only if it stands like so.

    Where nothing is said of how, it may stand in any case.
    """
    everywhere, table = [], {}
    for detector in all_detectors():
        if detector.kind in off:
            continue
        if not detector.keywords:
            everywhere.append(detector)
        for keyword in detector.keywords:
            like = keyword.encode() if detector.asks_case(keyword) else b""
            table.setdefault(keyword.lower().encode(), []).append((detector, like))
    return tuple(everywhere), {keyword: tuple(found) for keyword, found in table.items()}


@cache
def _by_beginning(off: Off) -> dict[bytes, list[bytes]]:
    """Return the keywords by their first two bytes, those of one byte by that."""
    table: dict[bytes, list[bytes]] = {}
    for keyword in _detectors(off)[1]:
        table.setdefault(keyword[:2], []).append(keyword)
    return table


def occurrences(data: bytes, word: bytes) -> Iterator[int]:
    """Yield where a word stands."""
    at = data.find(word)
    while at >= 0:
        yield at
        at = data.find(word, at + 1)


def _keywords_in(
    data: bytes, off: Off, among: Collection[bytes] | None = None
) -> Iterator[tuple[int, bytes]]:
    """Yield every place where a keyword stands, in any case, with the keyword in lower case."""
    low = data.lower()
    if len(data) < _SHORT:
        for keyword in _detectors(off)[1] if among is None else among:
            for at in occurrences(low, keyword):
                yield at, keyword
        return
    import polars as pl

    words = [keyword.decode() for keyword in _detectors(off)[1]]
    hits = pl.Series([low.decode()]).str.find_many(words, overlapping=True)[0]
    table = _by_beginning(off)
    for at in set(hits.to_list()):
        for beginning in (low[at : at + 1], low[at : at + 2]):
            for keyword in table.get(beginning, ()):
                if low.startswith(keyword, at):
                    yield at, keyword


def find(
    data: bytes,
    off: Off | None = None,
    among: Collection[bytes] | None = None,
    met: set[bytes] | None = None,
) -> list[Span]:
    """Return what our own detectors find in UTF-8 bytes, unsorted; spans may overlap.

    Kinds that are `off` are not looked for; without the argument, those that are off by default.
    No keyword but those `among` stands in the data, if that is known; those that do go into `met`.
    """
    off = kinds_off() if off is None else off
    everywhere, called = _detectors(off)
    spans: list[Span] = []
    for at, keyword in _keywords_in(data, off, among):
        if met is not None:
            met.add(keyword)
        for detector, like in called[keyword]:
            if data.startswith(like, at) and (hit := detector.match(data, at)):
                spans.append(Span(*hit, detector.kind, detector.id))
    mask = masked(data)
    for detector in everywhere:
        spans += (Span(*hit, detector.kind, detector.id) for hit in detector.all_in(data, mask))
    return spans


def find_literals(data: bytes, literals: re.Pattern[bytes] | None) -> list[Span]:
    """Return where the words of a person's own list stand."""
    found = literals.finditer(data) if literals else ()
    return [Span(*m.span(), "literal", "literals") for m in found]
