"""What a policy sees of one token at a candidate layer, and what it has to be.

A policy is asked at each of its layers, in order, whether the token may leave there. Reading the
head costs as much as several layers, so a look computes logits only when they are asked for.
"""

from collections.abc import Callable, Mapping
from functools import cached_property
from typing import Protocol

import mlx.core as mx


class Exit(Protocol):
    """What turns a token's states into the one that the head reads, where it leaves at a layer."""

    @property
    def sources(self) -> tuple[int, ...]:
        """Return the boundaries whose states it wants besides that of its own layer."""
        ...

    @property
    def work(self) -> int:
        """Return its multiply-adds a position."""
        ...

    def __call__(self, states: Mapping[int, mx.array]) -> mx.array:
        """Return h [b x s x d] for the head, from {boundary: h [b x s x d]}."""
        ...


class Look:
    """One token at one candidate layer."""

    def __init__(
        self,
        layer: int,
        states: Mapping[int, mx.array],
        decode: Callable[[int, Mapping[int, mx.array]], mx.array],
        before: "Look | None" = None,
    ) -> None:
        """Hold the token's states {boundary: h [1 x 1 x d]} so far; `before`: the look before."""
        self.layer, self.states, self.before = layer, dict(states), before
        self._decode = decode

    @property
    def h(self) -> mx.array:
        """Return the state before this layer, [d]."""
        return self.states[self.layer][0, 0]

    @cached_property
    def raw_logits(self) -> mx.array:
        """Return the logits [1 x 1 x v] that this exit would answer with, in the model's dtype."""
        return self._decode(self.layer, self.states)

    @property
    def logits(self) -> mx.array:
        """Return the same as float32 [v]."""
        return self.raw_logits[0, 0].astype(mx.float32)

    @property
    def read_head(self) -> bool:
        """Say whether anybody has read the head here."""
        return "raw_logits" in self.__dict__


class Policy(Protocol):
    """What says whether a token may leave early; `layers` may be empty."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the boundaries it is asked at, in order, each within 1 to n_layers - 1."""
        ...

    @property
    def work(self) -> int:
        """Return the multiply-adds of one answer, the head not counted."""
        ...

    def accepts(self, look: Look) -> bool:
        """Say whether the token leaves here."""
        ...
