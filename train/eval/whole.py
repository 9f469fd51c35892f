"""A whole beside its stage 1 alone: what each way took of each prompt in, ratios out.

The four targets of the curriculum, each as whole ÷ stage 1 alone, paired by prompt:

* quality per compute: exp(−cross-entropy of the reference answers) over multiply-adds a token;
* latency: median over the easy half of the prompts, those of whose own answers stage 1 alone is
  surest, of the seconds a token, prompt included;
* energy: joules for a token that full depth agrees with;
* parameters: weights read for a token that full depth agrees with.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.eval.resample import Groups, Statistic, estimate
from train.eval.stage1 import Measure
from train.eval.statistics import Estimate, weighted_mean

GATES = Path(__file__).with_suffix(".toml")
ALONE = "stage 1 alone"
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

    tokens: int
    accepted: int  # of them, that full depth would have said after the same tokens
    work: float  # shares of full depth's a token, summed
    reads: float
    pace: float  # seconds a token, the prompt included
    nats: float  # of the reference answer, summed
    joules: float | None = None
    passed: bool | None = None  # its checks; None where there are none


@dataclass(frozen=True)
class Seen:
    """One prompt: every way by name, stage 1 alone among them."""

    id: str
    group: str
    entropy: float  # mean of stage 1 alone over its own answer
    reference: int  # tokens of the reference answer
    took: Mapping[str, Took]


def easy(seen: Sequence[Seen]) -> list[Seen]:
    """Return the half of the prompts that stage 1 alone is surest of."""
    return sorted(seen, key=lambda s: s.entropy)[: len(seen) // 2]


def groups(seen: Sequence[Seen]) -> Groups:
    """Return who is drawn together."""
    return Groups.of([s.id for s in seen], [s.group for s in seen])


def ratio_of(
    seen: Sequence[Seen], way: str, above: Callable[[Took], float], below: Callable[[Took], float]
) -> Statistic:
    """Return (Σ above / Σ below) of a way ÷ the same of stage 1 alone."""
    at = groups(seen)
    sums = {
        name: at.sums(np.array([[above(s.took[name]), below(s.took[name])] for s in seen]))
        for name in (way, ALONE)
    }

    def value(counts: np.ndarray) -> np.ndarray:
        parts = [counts @ sums[name] for name in (way, ALONE)]
        ours, base = (divided(p[:, 0], p[:, 1]) for p in parts)
        return divided(ours, base)

    return value


def divided(above: np.ndarray, below: np.ndarray) -> np.ndarray:
    """Return above / below; NaN where there is nothing to divide by."""
    return np.divide(above, below, where=below > 0, out=np.full(len(above), np.nan))


def quality(seen: Sequence[Seen], way: str) -> Statistic:
    """Return exp(−cross-entropy) a unit of work, of a way ÷ of stage 1 alone."""
    at = groups(seen)
    nats = at.sums(np.array([s.took[ALONE].nats - s.took[way].nats for s in seen]))
    tokens = at.sums(np.array([float(s.reference) for s in seen]))
    work = ratio_of(seen, way, lambda t: t.work, lambda t: t.tokens)
    return lambda counts: np.exp((counts @ nats) / (counts @ tokens)) / work(counts)


def latency(seen: Sequence[Seen], way: str) -> Statistic:
    """Return the median over prompts of seconds a token, of a way ÷ of stage 1 alone."""
    at = groups(seen).at

    def median(name: str) -> Statistic:
        pace = np.array([s.took[name].pace for s in seen])
        order = np.argsort(pace)

        def value(counts: np.ndarray) -> np.ndarray:
            total = np.cumsum(counts[:, at[order]], axis=1)
            return pace[order][np.argmax(2 * total >= total[:, -1:], axis=1)]

        return value

    ours, base = median(way), median(ALONE)
    return lambda counts: ours(counts) / base(counts)


def targets(seen: Sequence[Seen], way: str) -> dict[str, tuple[Statistic, Groups]]:
    """Return the targets that were measured, each with the prompts that it is drawn over."""
    found: dict[str, tuple[Statistic, Groups]] = {
        "quality_per_compute": (quality(seen, way), groups(seen)),
        "parameters_per_token": (
            ratio_of(seen, way, lambda t: t.reads, lambda t: t.accepted),
            groups(seen),
        ),
    }
    if some := easy(seen):
        found["easy_latency"] = (latency(some, way), groups(some))
    if all(s.took[name].joules is not None for s in seen for name in (way, ALONE)):
        energy = ratio_of(seen, way, lambda t: t.joules or 0.0, lambda t: t.accepted)
        found["energy_per_token"] = (energy, groups(seen))
    return found


@dataclass(frozen=True)
class Target:
    """One target of one way: its ratio with a 95 % interval, and whether it is better for sure."""

    way: str
    name: str
    estimate: Estimate
    improved: bool


def judged(seen: Sequence[Seen], ways: Sequence[str]) -> list[Target]:
    """Return every target of every way; better for sure at a level for all of them together."""
    asked = [(way, name, *of) for way in ways for name, of in targets(seen, way).items()]
    level = 1 - CHANCE / max(1, len(asked))
    found = []
    for way, name, statistic, at in asked:
        wide = estimate(statistic, at, level=level)
        improved = wide.low > 1 if BETTER[name] else wide.high < 1
        found.append(Target(way, name, estimate(statistic, at), improved))
    return found


def disagreement(name: str, seen: Sequence[Seen], way: str) -> Measure:
    """Return the share of tokens that full depth would not have said."""
    wrong = [float(s.took[way].tokens - s.took[way].accepted) for s in seen]
    tokens = [float(s.took[way].tokens) for s in seen]
    return Measure(name, weighted_mean(wrong, tokens, [s.group for s in seen]))


def measures(seen: Sequence[Seen], ways: Sequence[str], control: str | None) -> list[Measure]:
    """Return every measure of the whole; the gates' first."""
    found = judged(seen, ways)
    count = float(sum(t.improved for t in found))
    least = min(t.estimate.n for t in found)
    made = [Measure("improved", Estimate(count, count, count, least))]
    each = [disagreement(f"disagreement.{way}", seen, way) for way in ways]
    worst = max(each, key=lambda m: m.estimate.value)
    made.append(Measure("disagreement", worst.estimate))
    if control:
        made += [
            by_chance(seen, ways[0], control),
            disagreement("disagreement.control", seen, control),
        ]
    made += each + [Measure(f"{t.name}.{t.way}", t.estimate) for t in found]
    for way in ways:
        made.append(Measure(f"cross_entropy.{way}", extra_nats(seen, way)))
        if (checks := passes(seen, way)) is not None:
            made.append(Measure(f"checks.{way}", checks))
    return made


def by_chance(seen: Sequence[Seen], way: str, control: str) -> Measure:
    """Return a way's disagreement − that of leaving by chance; below 0 it knows something."""
    change = [share_wrong(s.took[way]) - share_wrong(s.took[control]) for s in seen]
    return Measure("control", weighted_mean(change, [1.0] * len(seen), [s.group for s in seen]))


def share_wrong(took: Took) -> float:
    """Return the share of an answer that full depth would not have said."""
    return 1 - took.accepted / took.tokens


def extra_nats(seen: Sequence[Seen], way: str) -> Estimate:
    """Return cross-entropy of the reference answers, a way − stage 1 alone, nats a token."""
    change = [s.took[way].nats - s.took[ALONE].nats for s in seen]
    return weighted_mean(change, [s.reference for s in seen], [s.group for s in seen])


def passes(seen: Sequence[Seen], way: str) -> Estimate | None:
    """Return the share of prompts whose checks pass, a way − stage 1 alone; None without checks."""
    some = [s for s in seen if s.took[way].passed is not None]
    if not some:
        return None
    change = [float(bool(s.took[way].passed)) - float(bool(s.took[ALONE].passed)) for s in some]
    return weighted_mean(change, [1.0] * len(change), [s.group for s in some])
