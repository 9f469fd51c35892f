"""The terms of the composite loss: live states and what was taught in, a mean each out.

L = L_sft + λ_route L_route + λ_vitality L_vitality + λ_depth L_depth + λ_sem L_sem + λ_transfer
L_transfer. States are made by the live model, so every term but SFT has a gradient into the part it
is about and into the adapter. What a lens says of a state is read, not shaped: no gradient.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.capture import logits_of
from train.harness.layer_facts import lens_facts, state_facts
from train.harness.lens import through
from train.harness.resumed import halfway, logits
from train.model.gemma import Gemma
from train.model.heads import SCALARS, Look
from train.stages import contexts
from train.stages.continued import Continued
from train.stages.heads_losses import judgements
from train.stages.joint_data import Labels, Taught
from train.stages.looks import Rows, dead_of, dead_rows, joined, real_rows
from train.stages.losses import divergence, nearness
from train.stages.stage3 import kl, log_softmax

States = Mapping[int, mx.array]
Lenses = Mapping[int, tuple[mx.array, mx.array]]


def states_of(gemma: Gemma, prompts: Sequence[Continued], layers: Sequence[int]) -> States:
    """Return {boundary: h [n x d]}, the positions of all prompts one behind the other."""
    each = [
        gemma.capture(mx.array([p.ids]), layers, positions=mx.array([p.at]))[0] for p in prompts
    ]
    return {k: mx.concatenate([states[k][0] for states in each]) for k in layers}


@dataclass(frozen=True)
class Looks:
    """What lenses say of n positions at k candidate layers."""

    scalars: np.ndarray  # [n x k x s], NaN where there is none
    best: np.ndarray  # [n x k], the token named first

    @property
    def same(self) -> np.ndarray:
        """Return which earlier candidates name the same token first [n x k x k]."""
        return np.tril(self.best[:, :, None] == self.best[:, None, :], -1).astype(np.uint8)


def looks_of(gemma: Gemma, lenses: Lenses, states: States, layers: Sequence[int]) -> Looks:
    """Return what lenses say of states, as `trace_layers` records it."""
    n, k = states[layers[0]].shape[0], len(layers)
    scalars = np.full((n, k, len(SCALARS)), np.nan, np.float32)
    best = np.zeros((n, k), np.int64)
    before: tuple[mx.array, mx.array] | None = None
    for i, layer in enumerate(layers):
        h = mx.stop_gradient(states[layer])
        said = logits_of(gemma, through(lenses.get(layer), h))
        facts = lens_facts(said, before[0] if before else None)
        facts |= state_facts(h, before[1] if before else None)
        for j, name in enumerate(SCALARS):
            if name in facts:
                scalars[:, i, j] = np.array(facts[name])
        best[:, i] = np.array(facts["best"])
        before = (said, h)
    return Looks(np.where(np.isfinite(scalars), scalars, np.nan), best)


def asked(states: States, looks: Looks) -> Look:
    """Return what heads are asked of positions at candidate layers, as they are now."""
    n, k = looks.best.shape
    live = mx.stack(list(states.values()), axis=1)  # [n x k x d]
    at = np.arange(n * k, dtype=np.int32)
    return Look(
        live.reshape(n * k, -1),
        mx.array(at % k),
        mx.array(at // k),
        mx.array(looks.scalars),
        mx.array(looks.same.astype(np.float32)),
    )


def live_rows(prompts: Sequence[Taught], labels: Labels, states: States, looks: Looks) -> Rows:
    """Return the rows of positions with the labels of the capture and the states as they are now.

    `states` are those of the candidate layers, in order. Whether a first token is right is seen
    anew: it is what the lens says now, held against what the frozen full depth said.
    """
    taught = joined([real_rows(labels.part(p), p.rows) for p in prompts])
    live: Any = mx.stack(list(states.values()), axis=1)  # [n x k x d]
    token = np.concatenate([p.token for p in prompts])
    right = (looks.best == token[:, None]).astype(np.float32).ravel()
    state = live.reshape(-1, live.shape[-1])
    return replace(taught, state=state, scalars=looks.scalars, same=looks.same, right=right)


def damaged_rows(prompts: Sequence[Taught], labels: Labels) -> Rows:
    """Return the rows of damaged copies, as they were captured."""
    parts = [(labels.part(p), p.rows) for p in prompts]
    return joined([dead_rows(part, dead_of(part, at)) for part, at in parts])


def head_terms(
    members: Sequence[Any], live: Rows, dead: Rows, settings: Any, balance: Mapping[str, mx.array]
) -> dict[str, mx.array]:
    """Return `route` (action, earliest layer, confidence) and `vitality`, means over seeds."""
    sums = {"route": mx.zeros(()), "vitality": mx.zeros(())}
    for member in members:
        for rows in (live, dead):
            if len(rows):
                for name, loss in judgements(member, rows, settings, balance).items():
                    term = "vitality" if name == "vitality" else "route"
                    sums[term] = sums[term] + loss
    return {name: s / (len(members) * (len(live) + len(dead))) for name, s in sums.items()}


def depth_term(gemma: Gemma, modules: Sequence[Any], states: States, final: mx.array) -> mx.array:
    """Return KL(frozen full depth ‖ what the head reads at an exit), a mean over all modules."""
    teacher = mx.stop_gradient(log_softmax(gemma.decode(final)))
    each = [kl(teacher, gemma.decode(module(states))).mean() for module in modules]
    return mx.stack(each).mean()


@dataclass(frozen=True)
class Sent:
    """A prompt that was split at a layer: what travelled, what came back, what was made of it."""

    rows: Mapping[str, mx.array]
    back: Mapping[str, mx.array]
    logits: mx.array  # [n x v] of the resumed run


def sent(gemma: Gemma, pair: Any, prompt: Continued, split: int, said: contexts.Contexts) -> Sent:
    """Return what the pair and the layers above a split make of a prompt."""
    half = halfway(gemma, prompt.ids, prompt.at, split)
    back = {}
    for role, x in half.rows.items():
        context = contexts.of_rows(said, prompt.prompt, gemma, role, x)
        back[role] = pair(role, x, context)
    return Sent(half.rows, back, logits(gemma, half, back))


def transfer_term(gemma: Gemma, found: Sent, prompt: Taught, settings: Any) -> mx.array:
    """Return stage 5's loss of a prompt, a mean over its positions; frozen full depth teaches.

    Rows are held against what was sent, which is not drawn towards what came back.
    """
    s = settings
    whole = mx.stop_gradient(gemma.decode(prompt.final).astype(mx.float32))
    off = divergence(whole, found.logits).mean()
    near = [nearness(mx.stop_gradient(found.rows[role]), x) for role, x in found.back.items()]
    return s.kl * off + mx.stack([s.cosine * c + s.mse * m for c, m in near]).mean()
