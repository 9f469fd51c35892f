"""Policies by name: `off`, `fixed:K`, `entropy:T`, `margin:T`, `random:P`, `draft[:K]`.

A policy is asked at its layers whether a token may leave (`train.model.look.Policy`).
"""

from collections.abc import Callable
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from train.model.gemma import Gemma
from train.model.look import Look
from train.model.routed import check_layers
from warehouse.errors import AgpError

NAMES = "off, fixed:K, entropy:T, margin:T, random:P, route[:T], draft[:K]"


@dataclass
class Always:
    """Leaves at the one layer it has; with no layer it is `off`."""

    layers: tuple[int, ...] = ()
    work: int = 0

    def accepts(self, look: Look) -> bool:
        """Say yes."""
        return True


@dataclass
class Threshold:
    """Leaves where a number read from the logits is at least a threshold."""

    layers: tuple[int, ...]
    score: Callable[[mx.array], mx.array]
    least: float
    work: int = 0

    def accepts(self, look: Look) -> bool:
        """Read the head at this layer, and compare."""
        return float(np.array(self.score(look.logits))) >= self.least


class Random:
    """Leaves with a probability at each layer: the control that no policy may lose to."""

    work = 0

    def __init__(self, layers: tuple[int, ...], chance: float, seed: int = 0) -> None:
        """Draw from a seed of its own."""
        self.layers, self.chance = layers, chance
        self.rng = np.random.default_rng(seed)

    def accepts(self, look: Look) -> bool:
        """Toss."""
        return bool(self.rng.random() < self.chance)


@dataclass(frozen=True)
class Draft:
    """Not an exit but a guess: tokens drafted before a layer, checked by those above."""

    layer: int


def certainty(logits: mx.array) -> mx.array:
    """Return minus the entropy in nats of logits [v].

    >>> round(float(certainty(mx.zeros(4)).item()), 4)
    -1.3863
    """
    log_p = logits - mx.logsumexp(logits)
    return mx.sum(mx.exp(log_p) * log_p)


def margin(logits: mx.array) -> mx.array:
    """Return the difference of the two largest logits of [v].

    >>> margin(mx.array([1.0, 4.0, 2.5])).item()
    1.5
    """
    two = mx.topk(logits, 2)
    return mx.abs(two[0] - two[1])


def usual_layers(gemma: Gemma) -> tuple[int, ...]:
    """Return up to three layers to leave at: from the first shared one on, where no hole is left.

    Of a model that shares nothing, from a third of the depth on.
    """
    n = gemma.n_layers
    first = gemma.first_shared if gemma.first_shared < n else max(1, n // 3)
    return tuple(range(first, n, -(-(n - first) // 3)))


def policy(
    spec: str, gemma: Gemma, layers: tuple[int, ...] = (), seed: int = 0
) -> Always | Threshold | Random | Draft:
    """Return the policy of a name; `layers` are those it is asked at, where it may choose."""
    name, colon, value = spec.partition(":")
    at = layers or usual_layers(gemma)
    check_layers(gemma, at)
    if name == "off" and not colon:
        return Always()
    if name == "draft":
        last = [k for k in at if k <= gemma.first_shared] or [at[0]]
        layer = int(number(spec, value, whole=True)) if colon else last[-1]
        check_layers(gemma, (layer,))
        return Draft(layer)
    if name == "fixed":
        fixed = (int(number(spec, value, whole=True)),)
        check_layers(gemma, fixed)
        return Always(fixed)
    if name == "entropy":
        return Threshold(at, certainty, -number(spec, value))
    if name == "margin":
        return Threshold(at, margin, number(spec, value))
    if name == "random":
        return Random(at, number(spec, value), seed)
    raise AgpError(f"no policy {spec!r}; there are {NAMES}")


def number(spec: str, value: str, whole: bool = False) -> float:
    """Return the number behind the colon of a policy; AgpError where there is none.

    >>> number("entropy:0.5", "0.5")
    0.5
    """
    try:
        found = int(value) if whole else float(value)
    except ValueError:
        found = np.nan
    if not 0 <= found < np.inf:
        kind = "a layer" if whole else "a number that is not negative"
        raise AgpError(f"policy {spec!r}: behind the colon stands {kind}, as in {NAMES}")
    return found
