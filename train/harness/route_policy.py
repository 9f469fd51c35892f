"""Heads as an exit policy: a token's looks at its candidate layers in, accept or go on out."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np

from train.harness.layer_facts import lens_facts, state_facts
from train.model import heads as model
from train.model.gemma import Gemma
from train.model.heads import SCALARS, Heads
from train.model.look import Exit, Look
from train.model.packet import UNKNOWN
from train.model.travel import Context


@dataclass
class Route:
    """Leaves where the heads are sure enough that full depth would say the same.

    It is asked at all the candidate layers that the heads know, in order, since they compare them.
    """

    layers: tuple[int, ...]
    heads: Heads
    threshold: float
    scalars: np.ndarray = field(init=False)  # [k x s] of the token at hand
    best: list[int] = field(init=False, default_factory=list)
    confidences: list[float] = field(init=False, default_factory=list)  # of the token at hand

    @property
    def work(self) -> int:
        """Return the multiply-adds of one answer."""
        s, k = self.heads.shape, self.heads.shape.candidates
        facts = k * (len(SCALARS) + 1 + k)
        mixed = facts + s.projection + s.hidden + sum(s.outputs.values())
        return s.width * s.projection + s.hidden * mixed

    def accepts(self, look: Look) -> bool:
        """Say whether the confidence at this layer reaches the threshold."""
        said = self.judged(look)
        self.confidences.append(float(np.array(mx.sigmoid(said["confidence"]))[0]))
        return self.confidences[-1] >= self.threshold

    def judged(self, look: Look) -> dict[str, mx.array]:
        """Return all that the heads say of the token at this layer, each [1 x ...]."""
        at = self.layers.index(look.layer)
        if at == 0:
            self.scalars = np.full((len(self.layers), len(SCALARS)), np.nan, np.float32)
            self.best, self.confidences = [], []
        before = look.before if at else None
        facts = lens_facts(look.logits[None], before.logits[None] if before else None)
        self.best.append(int(np.array(facts["best"])[0]))
        facts |= state_facts(look.h[None], before.h[None] if before else None)
        for i, name in enumerate(SCALARS):
            if name in facts:
                self.scalars[at, i] = np.array(facts[name])[0]
        return self.heads(self.asked(at, look.h))

    def asked(self, at: int, h: mx.array) -> model.Look:
        """Return what the heads see of the token at a candidate."""
        k = len(self.layers)
        same = np.zeros((k, k), np.float32)
        for i, one in enumerate(self.best):
            same[i, :i] = [one == other for other in self.best[:i]]
        one = mx.array([at])
        zero = mx.zeros((1,), mx.int32)
        return model.Look(h[None], one, zero, mx.array(self.scalars)[None], mx.array(same)[None])


class LiveJudge:
    """What a packet's header says of the state it carries, from the states on the way there."""

    def __init__(self, gemma: Gemma, route: Route, exits: Mapping[int, Exit]) -> None:
        """Read states through the lenses that the heads' scalars were read through."""
        self.gemma, self.route, self.exits = gemma, route, exits

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the boundaries whose states are asked for."""
        return self.route.layers

    def __call__(self, split: int, states: Mapping[int, mx.array]) -> Context:
        """Return route and vitality in 255ths; zeros where the heads do not know the split layer.

        `states` holds h [1 x 1 x d] of the last position at every boundary up to the split.
        """
        if split not in self.layers:
            return UNKNOWN, UNKNOWN
        look, said = None, {}
        for layer in (k for k in self.layers if k <= split):
            look = Look(layer, states, self.decode, look)
            said = self.route.judged(look)
        return in_255ths(said["route"]), in_255ths(said["vitality"])

    def decode(self, layer: int, states: Mapping[int, mx.array]) -> mx.array:
        """Return the logits of a state as its lens reads it."""
        return self.gemma.decode(self.exits[layer](states))


def in_255ths(logits: mx.array) -> tuple[int, ...]:
    """Return the probabilities of logits [1 x n] as a packet rounds them.

    >>> in_255ths(mx.array([[0.0, 0.0]]))
    (128, 128)
    """
    return tuple(int(v) for v in np.array(mx.round(mx.softmax(logits, axis=-1)[0] * 255)))
