"""The targets of the architecture on one split: what a routed bundle costs for what it gives.

A policy leaves where its heads are sure enough. It reads the head at every candidate layer that it
looks at, and that is counted.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from train.eval import policy, resample
from train.eval.resample import Groups, Statistic, estimate
from train.eval.stage1 import Measure
from train.eval.stage6 import Sums, grown
from train.model.work import Costs

LEAST = 30  # prompts, below which no improvement is claimed
NAMES = {
    "target.parameters": "weights read a right token, new ÷ before − 1",
    "target.quality": "work for the probability of the reference, new ÷ before − 1",
    "target.latency": "seconds a token on easy prompts, new ÷ before − 1",
}


@dataclass(frozen=True)
class Routed:
    """Where each seed lets n positions leave, what that costs, and where it is wrong."""

    exits: Sequence[np.ndarray]  # [n] of each seed: a candidate, or k
    wrong: np.ndarray  # [n x k]
    works: np.ndarray  # [k + 1], of leaving there, as a share of full depth
    groups: Groups

    def work(self) -> Statistic:
        """Return the mean work of a token."""
        one = np.ones(len(self.wrong))
        parts = [resample.ratio(self.works[at], one, self.groups) for at in self.exits]
        return resample.average(parts)

    def parameters(self) -> Statistic:
        """Return the weights read for each token that is full depth's, in shares of the model."""
        ends = np.concatenate([self.wrong, np.zeros((len(self.wrong), 1), bool)], axis=1)
        every = np.arange(len(ends))
        right = [~ends[every, at] for at in self.exits]
        return resample.average(
            [
                resample.ratio(self.works[at], ok.astype(float), self.groups)
                for at, ok in zip(self.exits, right, strict=True)
            ]
        )


def routed(
    scores: Sequence[np.ndarray],
    thresholds: Sequence[float],
    wrong: np.ndarray,
    works: np.ndarray,
    groups: Groups,
) -> Routed:
    """Return where scores [n x k] of each seed let positions leave under its threshold."""
    exits = [policy.exits(s, t) for s, t in zip(scores, thresholds, strict=True)]
    return Routed(exits, wrong, works, groups)


def works(costs: Costs, layers: Sequence[int], look: int) -> np.ndarray:
    """Return what leaving at each candidate, or never, costs as a share of full depth: [k + 1].

    `look` is what one question costs besides the head: its lens and its heads.
    """
    asked = np.arange(1, len(layers) + 1) * (costs.head + look)
    found = [costs.between(0, k) + int(a) for k, a in zip(layers, asked, strict=True)]
    return np.array([*found, costs.full + int(asked[-1])]) / costs.full


def price(answers: Sums, of: Routed) -> Statistic:
    """Return work ÷ exp(−cross-entropy): what the model's probability of the reference costs."""
    mean, work = answers.mean(), of.work()
    return lambda counts: work(counts) * np.exp(mean(counts))


def median_ratio(before: Sequence[float], now: Sequence[float]) -> Measure:
    """Return how the median over prompts of seconds a token changed, as a share; paired draws."""
    one, two = np.asarray(before, float), np.asarray(now, float)

    def value(counts: np.ndarray) -> np.ndarray:
        drawn = [np.repeat(np.arange(len(one)), row.astype(int)) for row in counts]
        return np.array([np.median(two[at]) / np.median(one[at]) - 1 for at in drawn])

    groups = Groups.of(range(len(one)))
    return Measure("target.latency", estimate(value, groups, level=level()))


def level() -> float:
    """Return the level of each target's interval, so that all together hold at 95 %: Bonferroni."""
    return 1 - 0.05 / len(NAMES)


def targets(before: tuple[Sums, Routed], now: tuple[Sums, Routed]) -> list[Measure]:
    """Return how the cost of a right token, and of quality, changed; below 0 it improved."""
    groups = now[1].groups
    changes: Mapping[str, Statistic] = {
        "target.parameters": grown(before[1].parameters(), now[1].parameters()),
        "target.quality": grown(price(*before), price(*now)),
    }
    return [Measure(n, estimate(s, groups, level=level())) for n, s in changes.items()]


def improved(measures: Sequence[Measure]) -> list[str]:
    """Return which targets improved: enough prompts, and the whole interval below 0."""
    return [
        m.name
        for m in measures
        if m.name in NAMES and m.estimate.n >= LEAST and m.estimate.high < 0
    ]
