"""The fourteen months as a plan: who worked on what, when, and with which client version."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from lanes.sample_history.bank import Item, items, projects, read
from lanes.sample_history.dice import Dice
from lanes.sample_history.planted import planted

BEGIN = datetime(2025, 6, 30, 7, 40)
VERSIONS = (
    (0, (1, 0, 24)),
    (20, (1, 0, 51)),
    (45, (1, 0, 72)),
    (65, (1, 0, 88)),
    (85, (1, 0, 113)),
    (93, (2, 0, 8)),
    (112, (2, 0, 28)),
    (135, (2, 0, 55)),
    (160, (2, 0, 71)),
    (186, (2, 1, 4)),
    (205, (2, 1, 17)),
    (222, (2, 1, 31)),
    (238, (2, 1, 44)),
    (255, (2, 1, 62)),
    (272, (2, 1, 79)),
    (290, (2, 1, 92)),
    (308, (2, 1, 120)),
    (325, (2, 1, 161)),
    (345, (2, 1, 207)),
    (365, (2, 1, 229)),
    (380, (2, 1, 243)),
    (393, (2, 1, 251)),
    (408, (2, 1, 263)),
    (418, (2, 1, 276)),
)
DAYS = 425


@dataclass
class Sitting:
    """One session to be written."""

    started: datetime
    version: tuple[int, int, int]
    project: str
    items: list[Item]


def sittings(dice: Dice) -> Iterator[Sitting]:
    """Yield the sessions in the order of time; every item of every bank is asked once."""
    frames = read("frames")["frames"]
    banks = {project: items(project, dice, frames) for project in projects()}
    for item in planted(projects(), dice):
        banks[item.project].append(item)
    groups = dice.shuffled([g for bank in banks.values() for g in _groups(bank, dice)])
    _repeat(groups, dice)
    for i, group in enumerate(groups):
        day = i * DAYS / len(groups)
        started = BEGIN + timedelta(days=int(day), minutes=dice.between(0, 600))
        version = next(v for first, v in reversed(VERSIONS) if day >= first)
        yield Sitting(started, version, group[0].project, group)


def _groups(bank: list[Item], dice: Dice) -> Iterator[list[Item]]:
    """Divide a project's items into sessions: mostly one area, then a shift, sometimes a return."""
    areas: dict[str, list[Item]] = {}
    for item in dice.shuffled(bank):
        areas.setdefault(item.area, []).append(item)
    while areas:
        main = dice.pick(sorted(areas))
        group = _take(areas, main, dice.between(3, 5))
        if areas:
            group += _take(areas, dice.pick(sorted(areas)), dice.between(1, 3))
        if main in areas and dice.chance(0.5):
            group += _take(areas, main, dice.between(1, 2))
        yield group


def _repeat(groups: list[list[Item]], dice: Dice) -> None:
    """Ask some questions a second time in a later session, word for word or nearly so."""
    plain = [(n, item) for n, group in enumerate(groups) for item in group if not item.more]
    chosen = dice.shuffled(plain)[: len(plain) // 30]
    for i, (n, item) in enumerate(chosen):
        how, words = _again(item.ask, i)
        later = groups[min(len(groups) - 1, n + dice.between(1, 20))]
        later.append(replace(item, ask=words, more={"copy_of": item, "how": how}))


def _again(ask: str, i: int) -> tuple[str, str]:
    """Return the words again: as they were, with a slip, in other case, or with other spacing."""
    if i % 2 == 0:
        return "exact", ask
    if i % 6 == 5:
        return "near", _slip(ask)
    return "normalised", ask.upper() if i % 4 == 1 else "  " + ask.replace(" ", "  ") + "\n"


def _slip(ask: str) -> str:
    """Return the words with two letters of the longest one exchanged, as fingers do it."""
    word = max(ask.split(), key=len)
    at = len(word) // 2
    return ask.replace(word, word[: at - 1] + word[at] + word[at - 1] + word[at + 1 :], 1)


def _take(areas: dict[str, list[Item]], area: str, n: int) -> list[Item]:
    taken, rest = areas[area][:n], areas[area][n:]
    if rest:
        areas[area] = rest
    else:
        del areas[area]
    return taken
