"""How far two labeling functions agree beyond chance, and which of them are copies of another."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import combinations

import polars as pl

CORRELATED = 0.8  # kappa from which two functions count as one voice
ENOUGH = 10  # exchanges that both must have voted on


@dataclass(frozen=True)
class Pair:
    """Two functions that vote on one label: how often both did, and how they agree."""

    label: str
    one: str
    other: str
    both: int
    agreement: float
    kappa: float | None  # null: both always say the same one thing, so chance explains all

    @property
    def correlated(self) -> bool:
        """Say whether the two count as one voice."""
        return self.both >= ENOUGH and self.kappa is not None and self.kappa >= CORRELATED


def kappa(both: Sequence[tuple[bool, bool]]) -> float | None:
    """Return Cohen's kappa of two judges; None where chance alone would agree wholly.

    Cohen, Educational and Psychological Measurement 20 (1960), 37-46.

    >>> kappa([(True, True), (False, False), (True, False), (False, False)])
    0.5
    >>> kappa([(True, True)]) is None
    True
    """
    n = len(both)
    observed = sum(a == b for a, b in both) / n
    first, second = sum(a for a, _ in both) / n, sum(b for _, b in both) / n
    chance = first * second + (1 - first) * (1 - second)
    return None if chance == 1 else (observed - chance) / (1 - chance)


def pairs(votes: pl.DataFrame) -> list[Pair]:
    """Return all pairs of functions that voted on the same exchanges for a label.

    `votes`: labeler, exchange_id, label, holds.
    """
    found = []
    for (label,), group in votes.group_by("label", maintain_order=True):
        said = {
            str(name): dict(zip(part["exchange_id"], part["holds"], strict=True))
            for (name,), part in group.group_by("labeler", maintain_order=True)
        }
        for one, other in combinations(sorted(said), 2):
            shared = said[one].keys() & said[other].keys()
            if shared:
                both = [(said[one][x], said[other][x]) for x in shared]
                agreement = sum(a == b for a, b in both) / len(both)
                found.append(Pair(str(label), one, other, len(both), agreement, kappa(both)))
    return found


def voices(votes: pl.DataFrame) -> dict[tuple[str, str], str]:
    """Return (label, function) -> the voice it belongs to: correlated functions share one."""
    voice = {
        (str(label), str(name)): str(name)
        for label, name in votes.select("label", "labeler").unique().sort("labeler").iter_rows()
    }
    for pair in pairs(votes):
        if pair.correlated:
            kept, gone = voice[pair.label, pair.one], voice[pair.label, pair.other]
            for key, name in voice.items():
                if key[0] == pair.label and name == gone:
                    voice[key] = kept
    return voice
