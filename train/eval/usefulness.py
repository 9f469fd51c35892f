"""Is a semantic projection of use? Routes and dead states are judged with and without it.

Both judges are logistic regressions on what the lens says of a captured position, fitted on the
heads split, their ridge chosen on valid. Since any view of a state may help, the projection has to
beat the same number of outputs of an untrained one as well as nothing at all.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from train.eval import resample
from train.eval.resample import Groups, Statistic
from train.eval.stage1 import Measure
from train.eval.text_baselines import Targets, fitted

WITHOUT, UNTRAINED = "without", "untrained"
LEVEL = 0.975  # of each of two tests, so that both together err as one at 95 %
FARTHEST = 6.0


@dataclass(frozen=True)
class Positions:
    """A split of a capture: n positions at k layers from the projection's on, m damaged states."""

    prompts: np.ndarray  # [n] names
    scalars: np.ndarray  # [n x k x s], all candidate layers; NaN where there is none
    agree: np.ndarray  # [n x k] the first token is full depth's
    judged: list[int]  # the candidates at which a route is judged
    features: dict[str, np.ndarray]  # [n x f] of every projection by name
    dead_prompts: np.ndarray  # [m]
    dead_scalars: np.ndarray  # [m x s], at the projection's layer
    dead_features: dict[str, np.ndarray]  # [m x f]
    own: int  # the candidate that is the projection's layer

    def route(self, k: int, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what a judge sees of every position at candidate k, and what is right."""
        seen = filled(self.scalars[:, : k + 1].reshape(len(self.agree), -1))
        return beside(seen, self.features, name), self.agree[:, k].astype(float)

    def dead(self, name: str) -> tuple[np.ndarray, np.ndarray]:
        """Return what a judge sees of every real and damaged state, and which are damaged."""
        seen = filled(np.concatenate([self.scalars[:, self.own], self.dead_scalars]))
        both = {n: np.concatenate([of, self.dead_features[n]]) for n, of in self.features.items()}
        damaged = np.repeat([0.0, 1.0], [len(self.agree), len(self.dead_prompts)])
        return beside(seen, both, name), damaged


def filled(scalars: np.ndarray) -> np.ndarray:
    """Return scalars [r x s] with a column beside each that says where it was missing."""
    there = np.isfinite(scalars)
    return np.hstack([np.where(there, scalars, 0), ~there])


def beside(seen: np.ndarray, features: Mapping[str, np.ndarray], name: str) -> np.ndarray:
    """Return what is seen, with a projection's features beside it unless there is none."""
    return seen if name == WITHOUT else np.hstack([seen, features[name]])


def scores(
    heads: tuple[np.ndarray, np.ndarray],
    valid: tuple[np.ndarray, np.ndarray],
    measured: np.ndarray,
) -> np.ndarray:
    """Return log-odds [r] of measured rows by a regression on the heads rows."""
    x, mean = heads[0], heads[0].mean(0)
    scale = np.maximum(x.std(0), 1e-6)

    def standard(of: np.ndarray) -> np.ndarray:
        return np.clip((of - mean) / scale, -FARTHEST, FARTHEST)

    def targets(right: np.ndarray) -> Targets:
        return Targets(right[:, None], np.ones((len(right), 1)))

    judge = fitted(standard(x), targets(heads[1]), standard(valid[0]), targets(valid[1]))
    return judge(standard(measured))[:, 0]


def route(parts: Mapping[str, Positions], split: str, name: str, groups: Groups) -> Statistic:
    """Return the mean AUGRC over the judged layers with a projection's features, or without."""
    of, found = parts[split], []
    for k in of.judged:
        seen = [parts[s].route(k, name) for s in ("heads", "valid")]
        score = scores(seen[0], seen[1], of.route(k, name)[0])
        found.append(resample.augrc(score, ~of.agree[:, k], groups))
    return resample.average(found)


def death(parts: Mapping[str, Positions], split: str, name: str, groups: Groups) -> Statistic:
    """Return 1 − AUROC of damaged states; `groups` are of real and then damaged rows."""
    seen = [parts[s].dead(name) for s in ("heads", "valid")]
    asked, damaged = parts[split].dead(name)
    area = resample.auroc(scores(seen[0], seen[1], asked), damaged, groups)
    return lambda counts: 1 - area(counts)


def both_tests(
    parts: Mapping[str, Positions], split: str, names: Sequence[str]
) -> tuple[list[Measure], dict[str, Measure]]:
    """Return the measures of both tests, and `use` of each projection named.

    `use` is the difference to the better of nothing and an untrained projection: of the route, or
    of dead states where theirs alone lies off zero. Its intervals are of 97.5 %.
    """
    of = parts[split]
    every = np.concatenate([of.prompts, of.dead_prompts])
    groups = {"route": Groups.of(of.prompts.tolist()), "dead": Groups.of(every.tolist())}
    measures: list[Measure] = []
    gained: dict[str, list[Measure]] = {name: [] for name in names}
    for test, function in (("route", route), ("dead", death)):
        if test == "dead" and not possible(parts, split):
            continue
        own = groups[test]
        made = {n: function(parts, split, n, own) for n in (WITHOUT, UNTRAINED, *names)}
        for name, statistic in made.items():
            measures.append(Measure(f"{test}.{name}", resample.estimate(statistic, own)))
        rival = min((WITHOUT, UNTRAINED), key=lambda n: at_once(made[n], own))
        for name in names:
            change = resample.minus(made[name], made[rival])
            found = resample.estimate(change, own, level=LEVEL)
            gained[name].append(Measure(f"use.{test}.{name}", found))
    for found in gained.values():
        measures += found
    return measures, {name: chosen(found) for name, found in gained.items()}


def possible(parts: Mapping[str, Positions], split: str) -> bool:
    """Say whether there are damaged states to learn from and to measure."""
    return all(len(parts[s].dead_prompts) for s in ("heads", "valid", split))


def chosen(found: Sequence[Measure]) -> Measure:
    """Return the first test that lies off zero, else the first, as the gate's measure."""
    best = next((m for m in found if m.estimate.high < 0), found[0])
    return Measure("use", best.estimate)


def at_once(statistic: Statistic, groups: Groups) -> float:
    """Return a statistic's value alone."""
    return float(statistic(np.ones((1, groups.size)))[0])
