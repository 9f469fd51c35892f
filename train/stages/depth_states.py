"""Held-out prompts for stage 3: what the model says of each, and its states at every exit."""

from collections.abc import Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from train.eval.stage3 import Seen, Told, told
from train.harness.chat import template
from train.harness.continuation import continuation
from train.harness.dropped import before_layers, droppable, without
from train.harness.full_depth import FullDepth, decoded
from train.harness.packs import Prompt
from train.model.depth import inserted
from train.model.gemma import Gemma
from train.model.look import Exit
from train.model.stream import Stream

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


def final(gemma: Gemma, s: Spoken, streams: Sequence[Stream], gone: range) -> mx.array:
    """Return final states [n x d] of a prompt where some layers do not run."""
    h = without(gemma, streams, gone)
    return mx.take_along_axis(h, s.at[..., None], 1)[0]


def best_drops(gemma: Gemma, prompts: Sequence[Spoken], layers: Sequence[int]) -> dict[int, range]:
    """Return which layers to drop so that k of them run, for each k, by the least KL on prompts."""
    ways = {k: list(droppable(gemma, gemma.n_layers - k)) for k in layers}
    found = {gone: 0.0 for runs in ways.values() for gone in runs}
    for s in prompts:
        streams = before_layers(gemma, s.tokens)
        full = FullDepth(gemma.decode(gemma.hidden_at(s.tokens, s.at)[0]).astype(mx.float32))
        states = [final(gemma, s, streams, gone) for gone in found]
        for gone, logits in zip(found, decoded(gemma, states), strict=True):
            found[gone] += told(logits, full, s.said).kl
    return {k: min(runs, key=lambda gone: found[gone]) for k, runs in ways.items()}


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
    full = FullDepth(gemma.decode(states[gemma.n_layers]).astype(mx.float32))
    ends = {(k, name): way(states) if way else states[k] for (k, name), way in ways.items()}
    streams = before_layers(gemma, s.tokens)
    ends |= {(k, "layers dropped"): final(gemma, s, streams, gone) for k, gone in drops.items()}
    found: dict[tuple[int, str], Told] = {}
    for key, logits in zip(ends, decoded(gemma, list(ends.values())), strict=True):
        found[key] = told(logits, full, s.said)
    return Seen(s.id, s.group, s.said.shape[0], found, identical_when_off(gemma, s, ways))


def identical_when_off(
    gemma: Gemma, s: Spoken, ways: Mapping[tuple[int, str], Exit | None]
) -> bool:
    """Say whether mlx_lm's own final states come out bit for bit, with every module off, and gone.

    All modules stand around the model at once. The head makes logits of these states and of nothing
    else, so it is not asked.
    """
    plain = gemma.backbone(s.tokens)
    with ExitStack() as modules:
        for way in ways.values():
            if hasattr(way, "place"):
                module: Any = way
                modules.enter_context(inserted(gemma, module)).on = False
        inside = normed(gemma, s)
    return all(bool(mx.array_equal(plain, found)) for found in (inside, normed(gemma, s)))


def normed(gemma: Gemma, s: Spoken) -> mx.array:
    """Return the final states of all tokens as the head reads them, [1 x s x d]."""
    return gemma.backbone.norm(gemma.run(gemma.start(s.tokens), gemma.n_layers).h)
