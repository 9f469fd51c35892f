"""A threshold with a promise: losses of calibration prompts in, a certified threshold out.

Learn then test (Angelopoulos et al. 2021, arXiv 2110.01052): for each threshold the hypothesis
"its risk is above α" is tested; along a sequence fixed beforehand, from conservative to liberal,
each at level δ, until one cannot be rejected. With probability 1 − δ over the calibration prompts
the risk at the last rejected threshold is at most α, whatever the score and whatever the model.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import binom

from warehouse.errors import AgpError

Method = Literal["betting", "hoeffding_bentkus"]


@dataclass(frozen=True)
class Promise:
    """What a certificate promises, and how it is tested."""

    alpha: float = 0.05  # the largest risk
    delta: float = 0.10  # how often the promise may be broken, over draws of calibration prompts
    method: Method = "betting"

    def __post_init__(self) -> None:
        """Refuse what promises nothing."""
        for name in ("alpha", "delta"):
            if not 0 < getattr(self, name) < 1:
                raise AgpError(f"{name} {getattr(self, name):g}: give a number between 0 and 1")
        if self.method not in P_VALUES:
            raise AgpError(f"no method {self.method!r}; there are {', '.join(P_VALUES)}")


@dataclass(frozen=True)
class Certificate:
    """What was certified, on what; `threshold` is None where nothing could be."""

    threshold: float | None
    alpha: float
    delta: float
    n: int  # prompts, or conversations where several prompts share one
    method: Method
    risk: float | None  # on the calibration split, at the threshold
    p_value: float | None
    tested: int  # thresholds, the one that stopped the sequence included
    needed: int  # prompts, without a single error
    reason: str = ""

    def document(self) -> dict[str, Any]:
        """Return it as a run stores it."""
        return asdict(self)


def certify(losses: np.ndarray, thresholds: Sequence[float], promise: Promise) -> Certificate:
    """Return the most liberal threshold that the promise holds for.

    `losses` [n x t], each in [0, 1], belong to thresholds that were fixed without them and fall.
    AgpError where those are no such numbers; too few prompts are a certificate of nothing.
    """
    check(losses, thresholds)
    n, least = len(losses), needed(promise)
    about = (promise.alpha, promise.delta, n, promise.method)
    if n < least:
        reason = f"{n} calibration prompts cannot show it: at least {least} are needed, all right"
        return Certificate(None, *about, None, None, 0, least, reason)
    values = P_VALUES[promise.method](losses, promise.alpha, promise.delta)
    stop = next((i for i, p in enumerate(values) if p > promise.delta), len(values))
    tested = min(stop + 1, len(values))
    if stop == 0:
        risk = f"{losses[:, 0].mean():.1%} of what it accepts is wrong"
        reason = f"not even the most careful threshold can be shown to keep it: {risk}"
        return Certificate(None, *about, None, float(values[0]), tested, least, reason)
    at = stop - 1
    found = (float(losses[:, at].mean()), float(values[at]))
    return Certificate(float(thresholds[at]), *about, *found, tested, least)


def check(losses: np.ndarray, thresholds: Sequence[float]) -> None:
    """Raise unless losses and thresholds are what the test speaks of."""
    if losses.ndim != 2 or losses.shape[1] != len(thresholds) or not len(thresholds):
        raise AgpError(f"{len(thresholds)} thresholds for losses of shape {losses.shape}")
    if not (np.isfinite(losses).all() and (losses >= 0).all() and (losses <= 1).all()):
        raise AgpError("a loss is outside 0 to 1, or no number")
    if not all(math.isfinite(t) for t in thresholds) or any(np.diff(thresholds) >= 0):
        raise AgpError("thresholds must be numbers that fall, the most careful first")


def needed(promise: Promise) -> int:
    """Return how many prompts without a single error the promise takes.

    >>> needed(Promise(method="hoeffding_bentkus")), needed(Promise())
    (45, 48)
    """
    n = math.ceil(math.log(promise.delta) / math.log1p(-promise.alpha))  # no test takes fewer
    test = P_VALUES[promise.method]
    while test(np.zeros((n, 1)), promise.alpha, promise.delta)[0] > promise.delta:
        n += 1
    return n


def hoeffding_bentkus(losses: np.ndarray, alpha: float, delta: float) -> np.ndarray:
    """Return p-values [t] of "the mean is above alpha" for losses [n x t] (Bates et al. 2021)."""
    n, mean = len(losses), losses.mean(axis=0)
    low = np.minimum(mean, alpha)
    with np.errstate(divide="ignore", invalid="ignore"):
        entropy = np.where(low > 0, low * np.log(low / alpha), 0.0)
    entropy = entropy + (1 - low) * np.log((1 - low) / (1 - alpha))
    hoeffding = np.exp(-n * entropy)
    bentkus = math.e * binom.cdf(np.ceil(np.round(n * mean, 9)), n, alpha)
    return np.minimum(1.0, np.minimum(hoeffding, bentkus))


def betting(losses: np.ndarray, alpha: float, delta: float) -> np.ndarray:
    """Return p-values [t] of the same by betting against it (Waudby-Smith & Ramdas 2020).

    The capital Π (1 + νᵢ(α − Lᵢ)), with stakes νᵢ ≤ 1 that look at earlier losses only, exceeds 1/p
    with chance at most p. It knows the variance of the losses, Hoeffding and Bentkus do not.
    """
    n = len(losses)
    total, squares = np.full(losses.shape[1], alpha), np.full(losses.shape[1], alpha * (1 - alpha))
    capital, best = np.zeros(losses.shape[1]), np.zeros(losses.shape[1])
    for i, loss in enumerate(losses):
        stake = np.minimum(1.0, np.sqrt(2 * math.log(1 / delta) * (i + 1) / (n * squares)))
        capital = capital + np.log1p(stake * (alpha - loss))
        best = np.maximum(best, capital)
        total = total + loss
        squares = squares + (loss - total / (i + 2)) ** 2
    return np.exp(-best)


P_VALUES: dict[str, Callable[[np.ndarray, float, float], np.ndarray]] = {
    "betting": betting,
    "hoeffding_bentkus": hoeffding_bentkus,
}
