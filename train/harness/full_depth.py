"""What full depth says at some positions, worked out once for all that is held against it.

With a vocabulary of a quarter of a million, its log-probabilities cost as much as a head.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import mlx.core as mx

from train.model.gemma import Gemma

ROWS = 64  # through the head at once: where it is large, a few rows take nearly as long


@dataclass(frozen=True)
class FullDepth:
    """Full depth's logits [n x v], and what is made of them when first asked for."""

    logits: mx.array

    @cached_property
    def log_p(self) -> mx.array:
        """Return log-probabilities [n x v] in nats."""
        return log_softmax(self.logits)

    @cached_property
    def p(self) -> mx.array:
        """Return probabilities [n x v]."""
        return mx.exp(self.log_p)

    @cached_property
    def best(self) -> mx.array:
        """Return which token comes first, [n]."""
        return mx.argmax(self.logits, axis=-1)

    def excess(self, log_q: mx.array) -> mx.array:
        """Return p (log p − log q) of every word [n x v]; a row's sum is its KL(full ‖ q)."""
        return self.p * (self.log_p - log_q)

    def divergence(self, logits: mx.array) -> mx.array:
        """Return KL(full ‖ other) in nats of other logits [n x v], each row: [n]."""
        return mx.sum(self.excess(log_softmax(logits)), axis=-1)


def log_softmax(logits: mx.array) -> mx.array:
    """Return log-probabilities of logits [... x v].

    >>> mx.exp(log_softmax(mx.zeros((1, 4)))).tolist()
    [[0.25, 0.25, 0.25, 0.25]]
    """
    return logits - mx.logsumexp(logits, axis=-1, keepdims=True)


def decoded(gemma: Gemma, states: Sequence[mx.array]) -> Iterator[mx.array]:
    """Yield the logits [n x v] of each of many states [n x d], the head read once for several."""
    at_once = max(1, ROWS // max(1, states[0].shape[0])) if states else 1
    for i in range(0, len(states), at_once):
        some = states[i : i + at_once]
        ends = [sum(x.shape[0] for x in some[: j + 1]) for j in range(len(some) - 1)]
        yield from mx.split(gemma.decode(mx.concatenate(list(some))), ends)
