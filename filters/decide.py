"""What a mask of hits means in a lane: pure functions, no data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from filters.compile import Compiled


@dataclass(frozen=True)
class Outcome:
    """What becomes of an exchange: kept unless `dropped_by` names a rule."""

    dropped_by: tuple[str, ...]
    flags: tuple[str, ...]
    weight: float

    @property
    def keep(self) -> bool:
        """Say whether it stays."""
        return not self.dropped_by


def join_words(words: Iterable[int]) -> int:
    """Return one number whose bit i is the verdict of rule i, from words of 64 bits.

    >>> join_words([1, 2]) == 1 | 1 << 65
    True
    """
    return sum(word << 64 * i for i, word in enumerate(words))


def hits(mask: int, rules: Sequence[Compiled], lane: str) -> list[Compiled]:
    """Return the rules of a lane that a mask says hit, in order."""
    return [c for c in rules if mask >> c.position & 1 and lane in c.rule.lanes]


def decide(mask: int, rules: Sequence[Compiled], lane: str) -> Outcome:
    """Return what becomes of an exchange: a keep beats every drop of a lower priority."""
    hit = [c.rule for c in hits(mask, rules, lane)]
    keep = max((r.priority for r in hit if r.action == "keep"), default=None)
    drops = (r for r in hit if r.action == "drop" and (keep is None or r.priority >= keep))
    weight = 1.0
    for rule in hit:
        weight *= rule.weight or 1.0
    return Outcome(
        tuple(r.id for r in drops), tuple(r.id for r in hit if r.action == "flag"), weight
    )


def strips(mask: int, rules: Sequence[Compiled], lane: str) -> tuple[str | None, ...]:
    """Return what is stripped of a message: (None,) all of it, else the spans, each once."""
    hit = [c.rule for c in hits(mask, rules, lane)]
    keep = max((r.priority for r in hit if r.action == "keep"), default=None)
    spans = [r.span for r in hit if r.action == "strip" and (keep is None or r.priority >= keep)]
    return (None,) if None in spans else tuple(dict.fromkeys(spans))
