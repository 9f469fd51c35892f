"""Intervals for numbers measured on prompts: values per prompt in, estimate and interval out.

The unit is the prompt, not the token: tokens of one prompt are correlated, so resampling tokens
would promise more than was seen. Prompts of one conversation go together for the same reason.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass

import numpy as np

RESAMPLES = 2_000


@dataclass(frozen=True)
class Estimate:
    """A value with its 95 % interval and the number of prompts it rests on."""

    value: float
    low: float
    high: float
    n: int

    def __str__(self) -> str:
        """Return it as reports print it: `-0.512 [-0.601, -0.431], n = 98`."""
        return f"{self.value:+.3f} [{self.low:+.3f}, {self.high:+.3f}], n = {self.n}"


Values = Sequence[float] | np.ndarray
Groups = Sequence[Hashable] | None


def weighted_mean(sums: Values, weights: Values, groups: Groups = None, seed: int = 0) -> Estimate:
    """Return Σ sums / Σ weights with a percentile bootstrap over prompts (Efron 1979).

    `sums[i]` is what prompt i adds to the numerator (nats, say) and `weights[i]` to the denominator
    (its tokens). For a paired difference, `sums` holds the differences. Prompts of one group are
    drawn together; without groups each is drawn alone. n counts prompts.

    >>> str(weighted_mean([2.0, 2.0], [1.0, 1.0]))
    '+2.000 [+2.000, +2.000], n = 2'
    >>> str(weighted_mean([1.0, 3.0, 1.0, 3.0], [1.0] * 4, groups="aabb"))
    '+2.000 [+2.000, +2.000], n = 4'
    """
    numerator, denominator = np.asarray(sums, float), np.asarray(weights, float)
    if len(numerator) == 0 or denominator.sum() <= 0:
        raise ValueError("no prompt has a weight")
    value, n = numerator.sum() / denominator.sum(), len(numerator)
    if groups is not None:
        names = {name: i for i, name in enumerate(dict.fromkeys(groups))}
        at = [names[name] for name in groups]
        numerator, denominator = (np.bincount(at, v) for v in (numerator, denominator))
    picks = np.random.default_rng(seed).integers(len(numerator), size=(RESAMPLES, len(numerator)))
    below = denominator[picks].sum(axis=1)
    means = np.divide(numerator[picks].sum(axis=1), below, where=below > 0, out=np.zeros(RESAMPLES))
    low, high = np.percentile(means, [2.5, 97.5])
    return Estimate(float(value), float(low), float(high), n)


def paired_difference(
    tuned: Values, base: Values, tokens: Values, groups: Groups = None, seed: int = 0
) -> Estimate:
    """Return the difference tuned − base in nats per token, paired by prompt.

    All three hold a value a prompt: summed cross-entropy of both models, and tokens counted.
    """
    difference = np.asarray(tuned, float) - np.asarray(base, float)
    return weighted_mean(difference, tokens, groups, seed)


def relative_change(tuned: Values, base: Values, seed: int = 0) -> Estimate:
    """Return Σ tuned / Σ base − 1, paired by prompt: +0.02 is two per cent worse.

    >>> str(relative_change([1.02, 2.04], [1.0, 2.0]))
    '+0.020 [+0.020, +0.020], n = 2'
    """
    return weighted_mean(np.asarray(tuned, float) - np.asarray(base, float), base, None, seed)
