"""Intervals for numbers measured on prompts: values per prompt in, estimate and interval out.

The unit is the prompt, not the token: tokens of one prompt are correlated, so resampling tokens
would promise more than was seen.
"""

from collections.abc import Sequence
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


def weighted_mean(
    sums: Sequence[float] | np.ndarray, weights: Sequence[float] | np.ndarray, seed: int = 0
) -> Estimate:
    """Return Σ sums / Σ weights with a percentile bootstrap over prompts (Efron 1979).

    `sums[i]` is what prompt i adds to the numerator (nats, say) and `weights[i]` to the denominator
    (its tokens). For a paired difference, `sums` holds the differences.

    >>> str(weighted_mean([2.0, 2.0], [1.0, 1.0]))
    '+2.000 [+2.000, +2.000], n = 2'
    """
    numerator, denominator = np.asarray(sums, float), np.asarray(weights, float)
    if len(numerator) == 0 or denominator.sum() <= 0:
        raise ValueError("no prompt has a weight")
    picks = np.random.default_rng(seed).integers(len(numerator), size=(RESAMPLES, len(numerator)))
    below = denominator[picks].sum(axis=1)
    means = np.divide(numerator[picks].sum(axis=1), below, where=below > 0, out=np.zeros(RESAMPLES))
    low, high = np.percentile(means, [2.5, 97.5])
    value = numerator.sum() / denominator.sum()
    return Estimate(float(value), float(low), float(high), len(numerator))


def paired_difference(
    tuned: Sequence[float], base: Sequence[float], tokens: Sequence[int], seed: int = 0
) -> Estimate:
    """Return the difference tuned − base in nats per token, paired by prompt.

    All three hold a value a prompt: summed cross-entropy of both models, and tokens counted.
    """
    difference = np.asarray(tuned, float) - np.asarray(base, float)
    return weighted_mean(difference, tokens, seed)


def relative_change(tuned: Sequence[float], base: Sequence[float], seed: int = 0) -> Estimate:
    """Return Σ tuned / Σ base − 1, paired by prompt: +0.02 is two per cent worse.

    >>> str(relative_change([1.02, 2.04], [1.0, 2.0]))
    '+0.020 [+0.020, +0.020], n = 2'
    """
    return weighted_mean(np.asarray(tuned, float) - np.asarray(base, float), base, seed)
