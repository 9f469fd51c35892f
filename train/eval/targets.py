"""The targets of the architecture: what each way took of each prompt in, ratios to a base out.

Each is way ÷ base, paired by prompt. The base is what is to be improved on: stage 1 alone for the
whole of a walk, the bundle before for a joint finetune.

* quality per compute: exp(−cross-entropy of the reference answers) over multiply-adds a token;
* latency: median over the easy half of the prompts, those of whose own answers the base is surest,
  of the seconds a token, prompt included;
* energy: joules for a token that full depth agrees with;
* parameters: weights read for a token that full depth agrees with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from train.eval.resample import Groups, Statistic, estimate
from train.eval.statistics import Estimate

BETTER = {  # target → whether more of it is better
    "quality_per_compute": True,
    "easy_latency": False,
    "energy_per_token": False,
    "parameters_per_token": False,
}
CHANCE = 0.05  # of a target that seems better and is not, all looked at together


@dataclass(frozen=True)
class Took:
    """One prompt answered one way."""

    tokens: float
    accepted: float  # of them, that full depth would have said after the same tokens
    work: float  # shares of full depth's a token, summed
    reads: float
    pace: float | None  # seconds a token, the prompt included; None where nobody took the time
    nats: float  # of the reference answer, summed
    joules: float | None = None
    passed: bool | None = None  # its checks; None where there are none


@dataclass(frozen=True)
class Seen:
    """One prompt: every way by name, the base among them."""

    id: str
    group: str
    entropy: float  # mean of the base over its own answer; NaN where nobody took the time
    reference: int  # tokens of the reference answer
    took: Mapping[str, Took]


def easy(seen: Sequence[Seen]) -> list[Seen]:
    """Return the half of the prompts that the base is surest of."""
    return sorted(seen, key=lambda s: s.entropy)[: len(seen) // 2]


def groups(seen: Sequence[Seen]) -> Groups:
    """Return who is drawn together."""
    return Groups.of([s.id for s in seen], [s.group for s in seen])


Part = Callable[[Took], float]


def share_of(seen: Sequence[Seen], way: str, above: Part, below: Part) -> Statistic:
    """Return Σ above / Σ below of a way."""
    sums = groups(seen).sums(np.array([[above(s.took[way]), below(s.took[way])] for s in seen]))
    return lambda counts: divided(*(counts @ sums).T)


def ratio_of(seen: Sequence[Seen], way: str, base: str, above: Part, below: Part) -> Statistic:
    """Return (Σ above / Σ below) of a way ÷ the same of the base."""
    ours, theirs = (share_of(seen, name, above, below) for name in (way, base))
    return lambda counts: divided(ours(counts), theirs(counts))


def divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return above / below; NaN where there is nothing to divide by."""
    return np.divide(above, below, where=below > 0, out=np.full(len(above), np.nan))


def quality(seen: Sequence[Seen], way: str, base: str) -> Statistic:
    """Return exp(−cross-entropy) a unit of work, of a way ÷ of the base."""
    at = groups(seen)
    nats = at.sums(np.array([s.took[base].nats - s.took[way].nats for s in seen]))
    tokens = at.sums(np.array([float(s.reference) for s in seen]))
    work = ratio_of(seen, way, base, lambda t: t.work, lambda t: t.tokens)
    return lambda counts: np.exp((counts @ nats) / (counts @ tokens)) / work(counts)


def latency(seen: Sequence[Seen], way: str, base: str) -> Statistic:
    """Return the median over prompts of seconds a token, of a way ÷ of the base."""
    at = groups(seen).at

    def median(name: str) -> Statistic:
        pace = np.array([s.took[name].pace for s in seen], float)
        order = np.argsort(pace)

        def value(counts: np.ndarray) -> np.ndarray:
            total = np.cumsum(counts[:, at[order]], axis=1)
            return pace[order][np.argmax(2 * total >= total[:, -1:], axis=1)]

        return value

    ours, theirs = median(way), median(base)
    return lambda counts: ours(counts) / theirs(counts)


def targets(seen: Sequence[Seen], way: str, base: str) -> dict[str, tuple[Statistic, Groups]]:
    """Return the targets that were measured, each with the prompts that it is drawn over."""
    both = (way, base)
    found: dict[str, tuple[Statistic, Groups]] = {
        "quality_per_compute": (quality(seen, *both), groups(seen)),
        "parameters_per_token": (
            ratio_of(seen, *both, lambda t: t.reads, lambda t: t.accepted),
            groups(seen),
        ),
    }
    if some := easy([s for s in seen if all(s.took[n].pace is not None for n in both)]):
        found["easy_latency"] = (latency(some, *both), groups(some))
    if all(s.took[name].joules is not None for s in seen for name in both):
        energy = ratio_of(seen, *both, lambda t: t.joules or 0.0, lambda t: t.accepted)
        found["energy_per_token"] = (energy, groups(seen))
    return found


@dataclass(frozen=True)
class Target:
    """One target of one way: its ratio with a 95 % interval, and whether it is better for sure."""

    way: str
    name: str
    estimate: Estimate
    improved: bool


def judged(seen: Sequence[Seen], ways: Sequence[str], base: str, least: int = 0) -> list[Target]:
    """Return every target of every way; better for sure at a level for all of them together.

    Bonferroni; on fewer than `least` prompts nothing counts as better.
    """
    asked = [(way, name, *of) for way in ways for name, of in targets(seen, way, base).items()]
    level = 1 - CHANCE / max(1, len(asked))
    found = []
    for way, name, statistic, at in asked:
        wide = estimate(statistic, at, level=level)
        better = wide.low > 1 if BETTER[name] else wide.high < 1
        improved = better and at.prompts >= least
        found.append(Target(way, name, estimate(statistic, at), improved))
    return found
