"""Which logged prompt is which prompt of a higher source: pure functions from what was seen.

Two sightings are one exchange when session and words (without spacing) are the same and the time
is: a log writes within moments of the transcript, or by a clock of another zone. What could be two
is left apart, and said to be so.
"""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

WITHIN = 120.0  # seconds between two sightings of one prompt
CLEAR = 2.0  # seconds by which the nearest of two must be nearer
ZONES, STEP = 14 * 3600.0, 900.0  # clocks of two zones differ by at most this, in such steps
Place = tuple[str, str]  # session (or project) and words


@dataclass(frozen=True, slots=True)
class Seen:
    """A prompt in one source."""

    message_id: str
    place: Place
    time: datetime | None
    priority: int
    answered: bool


@dataclass(slots=True)
class Found:
    """The message each logged prompt is the same as, and those that stay apart, with candidates."""

    same: dict[str, str]
    apart: dict[str, tuple[str, list[str]]]


def identify(openers: Iterable[Seen], logged: Iterable[Seen]) -> Found:
    """Match logged prompts with what higher sources hold, the highest source first.

    >>> at = datetime(2026, 3, 1, 9)
    >>> told = [Seen("log", ("s", "w"), at, 40, False)]
    >>> identify([Seen("m", ("s", "w"), at, 100, True)], told).same
    {'log': 'm'}
    """
    known: dict[Place, list[Seen]] = defaultdict(list)
    for seen in openers:
        known[seen.place].append(seen)
    by_source: dict[int, dict[Place, list[Seen]]] = defaultdict(lambda: defaultdict(list))
    for seen in logged:
        by_source[seen.priority][seen.place].append(seen)
    found = Found({}, {})
    for priority in sorted(by_source, reverse=True):
        for place, group in by_source[priority].items():
            match(known[place], group, found)
            known[place] += [seen for seen in group if seen.message_id not in found.same]
    return found


def match(known: list[Seen], group: list[Seen], found: Found) -> None:
    """Match the prompts of one source and place with those known there, one to one."""
    left, free = group, list(known)
    for step in (_in_order, _near, _zone_apart):
        if left and free:
            same = step(free, left)
            taken = set(same.values())
            found.same |= same
            left = [seen for seen in left if seen.message_id not in same]
            free = [seen for seen in free if seen.message_id not in taken]
    for seen in left if free else ():
        candidates = [other.message_id for other in free]
        found.apart[seen.message_id] = (_why(seen, free), candidates)


def _in_order(known: list[Seen], group: list[Seen]) -> dict[str, str]:
    """Where times are missing, as many on either side are the same ones in their order."""
    if len(known) != len(group) or all(s.time for s in (*known, *group)):
        return {}
    return {a.message_id: b.message_id for a, b in zip(group, known, strict=True)}


def _near(known: list[Seen], group: list[Seen]) -> dict[str, str]:
    """Take the nearest pairs first, unless a second one is about as near."""
    pairs = sorted(
        (abs((a.time - b.time).total_seconds()), a.message_id, b.message_id)
        for a in group
        for b in known
        if a.time and b.time and abs((a.time - b.time).total_seconds()) <= WITHIN
    )
    same: dict[str, str] = {}
    taken: set[str] = set()
    for apart, a, b in pairs:
        if a in same or b in taken:
            continue
        rivals = [
            d for d, x, y in pairs if (x == a) != (y == b) and x not in same and y not in taken
        ]
        if len(known) == len(group) or all(d - apart >= CLEAR for d in rivals):
            same[a] = b
            taken.add(b)
    return same


def _zone_apart(known: list[Seen], group: list[Seen]) -> dict[str, str]:
    """One on either side, of clocks that differ by a zone, are the same."""
    if len(known) != 1 or len(group) != 1 or not (known[0].time and group[0].time):
        return {}
    apart = abs((known[0].time - group[0].time).total_seconds())
    off = min(apart % STEP, STEP - apart % STEP)
    if WITHIN < apart <= ZONES + WITHIN and off <= CLEAR * 5:
        return {group[0].message_id: known[0].message_id}
    return {}


def _why(seen: Seen, free: list[Seen]) -> str:
    if seen.time is None or any(other.time is None for other in free):
        return "the same words, and no time to tell by"
    near = [s for s in free if s.time and abs((s.time - seen.time).total_seconds()) <= WITHIN]
    return "several at about that time" if near else "the same words at another time"
