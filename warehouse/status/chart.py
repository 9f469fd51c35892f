"""Exchanges by month and source as a small chart: counts in, lines of text out."""

from collections import defaultdict
from collections.abc import Iterable
from typing import Any

BARS = "▁▂▃▄▅▆▇█"
MONTHS = 36  # the last ones that a line shows


def chart(counts: Iterable[dict[str, Any]]) -> tuple[list[str], list[tuple[str, str, int]]]:
    """Return the months shown, and a line a source: its name, a bar a month, its sum.

    A month of nothing is a dot; the tallest bar is the busiest month of any source.

    >>> counts = [{"month": "2026-01", "source": "claude", "exchanges": 8}]
    >>> chart([*counts, {"month": "2026-03", "source": "claude", "exchanges": 1}])
    (['2026-01', '2026-02', '2026-03'], [('claude', '█·▁', 9)])
    """
    by_source: dict[str, dict[str, int]] = defaultdict(dict)
    for row in counts:
        by_source[row["source"]][row["month"]] = row["exchanges"]
    seen = sorted({month for months in by_source.values() for month in months})
    if not seen:
        return [], []
    months = between(seen[0], seen[-1])[-MONTHS:]
    most = max(max(of.get(month, 0) for month in months) for of in by_source.values()) or 1
    lines = [
        (source, "".join(bar(of.get(month, 0), most) for month in months), sum(of.values()))
        for source, of in sorted(by_source.items(), key=lambda item: -sum(item[1].values()))
    ]
    return months, lines


def bar(count: int, most: int) -> str:
    """Return the character for a month.

    >>> bar(0, 80), bar(1, 80), bar(40, 80), bar(80, 80)
    ('·', '▁', '▄', '█')
    """
    return BARS[max(0, -(-count * len(BARS) // most) - 1)] if count else "·"


def between(first: str, last: str) -> list[str]:
    """Return every month from one to another.

    >>> between("2025-11", "2026-01")
    ['2025-11', '2025-12', '2026-01']
    """
    year, month = map(int, first.split("-"))
    months = [first]
    while months[-1] < last:
        year, month = (year, month + 1) if month < 12 else (year + 1, 1)
        months.append(f"{year:04}-{month:02}")
    return months
