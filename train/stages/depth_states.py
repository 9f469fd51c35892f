"""Held-out prompts for stage 3: what the model says of each, and its states at every exit."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval.stage3 import Seen, Told, told
from train.harness.chat import template
from train.harness.continuation import continuation
from train.harness.dropped import droppable, without
from train.harness.packs import Prompt
from train.model.depth import inserted
from train.model.gemma import Gemma
from train.model.look import Exit

WINDOW = 1024  # tokens of a prompt; a longer one loses its beginning


@dataclass(frozen=True)
class Spoken:
    """A prompt with full depth's own continuation: `at` are the positions that predict it."""

    tokens: mx.array  # [1 x s]
    at: mx.array  # [1 x n]
    said: mx.array  # [n]
    id: str
    group: str


def spoken(gemma: Gemma, tokenizer: Any, prompt: Prompt, length: int) -> Spoken:
    """Return a prompt as full depth goes on with it."""
    ids = template(tokenizer, prompt.chat()[:-1], prompt=True)[-WINDOW:]
    ends = set(getattr(tokenizer, "eos_token_ids", None) or {tokenizer.eos_token_id})
    said = continuation(gemma, ids, length, ends)
    at = mx.array([list(range(len(ids) - 1, len(ids) + len(said) - 1))])
    group = prompt.conversation or prompt.id
    return Spoken(mx.array([ids + said[:-1]]), at, mx.array(said), prompt.id, group)


def final(gemma: Gemma, s: Spoken, gone: range) -> mx.array:
    """Return final states [n x d] of a prompt where some layers do not run."""
    h = without(gemma, s.tokens, gone)
    return mx.take_along_axis(h, s.at[..., None], 1)[0]


def best_drop(gemma: Gemma, prompts: Sequence[Spoken], layer: int) -> range:
    """Return which layers to drop so that `layer` of them run, by the least KL on some prompts."""
    found: dict[range, float] = {}
    for gone in droppable(gemma, gemma.n_layers - layer):
        found[gone] = 0.0
        for s in prompts:
            full = gemma.decode(gemma.hidden_at(s.tokens, s.at)[0])
            found[gone] += told(gemma.decode(final(gemma, s, gone)), full, s.said).kl
    return min(found, key=lambda gone: found[gone])


def see(
    gemma: Gemma,
    s: Spoken,
    ways: Mapping[tuple[int, str], Exit | None],
    drops: Mapping[int, range],
) -> Seen:
    """Return what every way says of a prompt; a way of None decodes the state as it is."""
    wanted = {j for (k, _), way in ways.items() for j in (k, *(way.sources if way else ()))}
    states, _ = gemma.capture(s.tokens, sorted({*wanted, gemma.n_layers}), positions=s.at)
    states = {k: h[0] for k, h in states.items()}
    full = gemma.decode(states[gemma.n_layers])
    found: dict[tuple[int, str], Told] = {}
    for (k, name), way in ways.items():
        logits = gemma.decode(way(states) if way else states[k])
        found[k, name] = told(logits, full, s.said)
    for k, gone in drops.items():
        found[k, "layers dropped"] = told(gemma.decode(final(gemma, s, gone)), full, s.said)
    return Seen(s.id, s.group, s.said.shape[0], found, identical_when_off(gemma, s, ways))


def identical_when_off(
    gemma: Gemma, s: Spoken, ways: Mapping[tuple[int, str], Exit | None]
) -> bool:
    """Say whether the model's logits are the same bits with every module around it, but off."""
    plain = np.array(gemma.model(s.tokens).astype(mx.float32))
    for way in ways.values():
        if hasattr(way, "place"):
            module: Any = way
            with inserted(gemma, module) as insertion:
                insertion.on = False
                inside = np.array(gemma.logits(s.tokens).astype(mx.float32))
            if not np.array_equal(plain, inside):
                return False
    return np.array_equal(plain, np.array(gemma.logits(s.tokens).astype(mx.float32)))
