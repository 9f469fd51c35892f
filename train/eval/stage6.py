"""Stage 6's table: two bundles on the same prompts in, what got worse and what improved out.

Every difference is new − before and paired by prompt: both bundles see the same draws of prompts.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from train.eval import resample
from train.eval.ranking import macro_precision
from train.eval.resample import Groups, Statistic, estimate
from train.eval.stage1 import Measure
from train.eval.stage4 import POSITIVES

GATES = Path(__file__).with_suffix(".toml")


@dataclass(frozen=True)
class Sums:
    """A sum a prompt and what divides it: nats and tokens, divergence and positions."""

    values: Sequence[float]
    weights: Sequence[float]
    groups: Groups

    def mean(self) -> Statistic:
        """Return Σ values / Σ weights."""
        return resample.ratio(np.asarray(self.values, float), np.asarray(self.weights), self.groups)


@dataclass(frozen=True)
class Ranked:
    """What heads make of positions: a confidence a seed [n x k], and where the exit is wrong."""

    confidence: Sequence[np.ndarray]
    wrong: np.ndarray
    groups: Groups

    def augrc(self) -> Statistic:
        """Return the area under the generalised risk–coverage curve, mean of seeds and layers."""
        return resample.average(
            [
                resample.augrc(scores[:, k], self.wrong[:, k], self.groups)
                for scores in self.confidence
                for k in range(self.wrong.shape[1])
            ]
        )


@dataclass(frozen=True)
class Labelled:
    """What projections say of texts: scores [n x l] of each seed, and what holds (NaN: unknown)."""

    scores: Sequence[np.ndarray]
    holds: np.ndarray
    groups: Groups

    def macro(self) -> Statistic | None:
        """Return macro average precision of labels that hold often enough; None without one."""
        enough = [j for j, n in enumerate(np.nansum(self.holds, axis=0)) if n >= POSITIVES]
        if not enough:
            return None
        parts = [macro_precision(s, self.holds, enough, self.groups) for s in self.scores]
        return resample.average(parts)


@dataclass(frozen=True)
class Figures:
    """One bundle on one split; None where it has no such part."""

    answers: Sums  # cross-entropy of reference answers
    depth: Sums | None = None  # KL of the exit at half depth from its own full depth
    transfer: Sums | None = None  # KL of the resumed run from the whole run, all split layers
    heads: Ranked | None = None
    semantic: Labelled | None = None


def worse(before: Figures, now: Figures) -> list[Measure]:
    """Return how much worse each thing got: below 0 it got better.

    `cross_entropy` in nats a token, `kl.depth`, `kl.transfer` and `augrc` as a share of what they
    were, `macro_ap` in points of average precision lost.
    """
    answers = resample.minus(now.answers.mean(), before.answers.mean())
    found = [Measure("cross_entropy", estimate(answers, now.answers.groups))]
    for name, one, two in (
        ("kl.depth", before.depth, now.depth),
        ("kl.transfer", before.transfer, now.transfer),
    ):
        if one and two:
            found.append(Measure(name, estimate(grown(one.mean(), two.mean()), two.groups)))
    if before.heads and now.heads:
        area = grown(before.heads.augrc(), now.heads.augrc())
        found.append(Measure("augrc", estimate(area, now.heads.groups)))
    if before.semantic and now.semantic:
        one, two = before.semantic.macro(), now.semantic.macro()
        if one and two:
            lost = resample.minus(one, two)
            found.append(Measure("macro_ap", estimate(lost, now.semantic.groups)))
    return found


def grown(before: Statistic, now: Statistic) -> Statistic:
    """Return now ÷ before − 1; what was nothing and is nothing has not grown.

    >>> one, two = (lambda counts: counts.sum(axis=1)), (lambda counts: 1.5 * counts.sum(axis=1))
    >>> grown(one, two)(np.ones((1, 4))).tolist()
    [0.5]
    """

    def value(counts: np.ndarray) -> np.ndarray:
        a, b = before(counts), now(counts)
        ratio = np.divide(b, a, where=a != 0, out=np.where(b == 0, 1.0, np.inf))
        return ratio - 1

    return value


def levels(name: str, figures: Figures) -> list[Measure]:
    """Return what one bundle measures, under its name: levels, not differences."""
    parts = {"cross_entropy": figures.answers, "kl.depth": figures.depth}
    parts["kl.transfer"] = figures.transfer
    found = [
        Measure(f"{what}.{name}", estimate(sums.mean(), sums.groups))
        for what, sums in parts.items()
        if sums
    ]
    if figures.heads:
        area = figures.heads.augrc()
        found.append(Measure(f"augrc.{name}", estimate(area, figures.heads.groups)))
    if figures.semantic and (macro := figures.semantic.macro()):
        found.append(Measure(f"macro_ap.{name}", estimate(macro, figures.semantic.groups)))
    return found
