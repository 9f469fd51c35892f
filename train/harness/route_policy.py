"""Heads as an exit policy: a token's looks at its candidate layers in, accept or go on out."""

from dataclasses import dataclass, field

import mlx.core as mx
import numpy as np

from train.harness.layer_facts import lens_facts, state_facts
from train.model import heads as model
from train.model.heads import SCALARS, Heads
from train.model.look import Look


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
        said = self.heads(self.asked(at, look.h))
        self.confidences.append(float(np.array(mx.sigmoid(said["confidence"]))[0]))
        return self.confidences[-1] >= self.threshold

    def asked(self, at: int, h: mx.array) -> model.Look:
        """Return what the heads see of the token at a candidate."""
        k = len(self.layers)
        same = np.zeros((k, k), np.float32)
        for i, one in enumerate(self.best):
            same[i, :i] = [one == other for other in self.best[:i]]
        one = mx.array([at])
        zero = mx.zeros((1,), mx.int32)
        return model.Look(h[None], one, zero, mx.array(self.scalars)[None], mx.array(same)[None])
