"""One prompt in, tokens out one by one with what each took; and how far that is from full depth.

Policies run inside mlx_lm's own `generate_step`, on its caches; drafts have a loop of their own.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.capture import chunks, logits_of
from train.harness.policies import Draft
from train.model.draft import Drafting
from train.model.gemma import Gemma
from train.model.look import Exit, Policy
from train.model.routed import Routed, Step
from train.model.work import Costs
from warehouse.errors import AgpError

PREFILL = 2048  # tokens of a prompt at once, as mlx_lm does
DRAFTS = 4


@dataclass(frozen=True)
class Said:
    """A token, its text, what it took, and the seconds since the one before."""

    token: int
    text: str
    step: Step
    seconds: float


@dataclass(frozen=True)
class Way:
    """How to generate: a policy or a draft, and how the head reads states that leave early."""

    policy: Policy | Draft
    exits: Mapping[int, Exit]
    drafts: int = DRAFTS


def check_length(gemma: Gemma, ids: Sequence[int], length: int) -> None:
    """Raise where a prompt is empty, or its end would lie past the positions a model knows."""
    if not ids:
        raise AgpError("the prompt is empty; give it some text")
    most = gemma.config.max_position_embeddings
    if len(ids) + length > most:
        raise AgpError(
            f"a prompt of {len(ids):,} tokens and {length:,} more go past the {most:,} positions "
            "that this model knows; shorten the prompt or --max-tokens"
        )


def generate(gemma: Gemma, tokenizer: Any, ids: list[int], way: Way, length: int) -> Iterator[Said]:
    """Yield up to `length` greedy tokens, the end-of-turn token (with no text) included."""
    check_length(gemma, ids, length)
    ends = set(getattr(tokenizer, "eos_token_ids", None) or {tokenizer.eos_token_id})
    words, before = tokenizer.detokenizer, time.perf_counter()
    for token, step in tokens(gemma, ids, way, length):
        now = time.perf_counter()
        if token not in ends:
            words.add_token(token)
        yield Said(token, "" if token in ends else words.last_segment, step, now - before)
        if token in ends:
            break
        before = time.perf_counter()
    words.finalize()
    if rest := words.last_segment:
        yield Said(-1, rest, Step(), 0.0)


def tokens(gemma: Gemma, ids: list[int], way: Way, length: int) -> Iterator[tuple[int, Step]]:
    """Yield tokens with their steps, end tokens or not."""
    from mlx_lm.generate import generate_step

    if isinstance(way.policy, Draft):
        read = way.exits.get(way.policy.layer)
        yield from Drafting(gemma, way.policy.layer, way.drafts, read).generate(ids, length)
        return
    routed: Any = Routed(gemma, way.policy, way.exits)
    cache = gemma.make_cache()
    for start in range(0, len(ids) - 1, PREFILL):
        stop = min(start + PREFILL, len(ids) - 1)
        routed.prefill(mx.array([ids[start:stop]]), cache)
    steps = generate_step(mx.array(ids[-1:]), routed, prompt_cache=cache, max_tokens=length)
    for i, (token, _) in enumerate(steps):
        yield int(token), routed.steps[i]


def figures(said: Sequence[Said], gemma: Gemma) -> dict[str, Any]:
    """Return what a text took: layers, heads and work a token, seconds, where tokens left.

    `work` is the share of full depth's multiply-adds with weights, every head read included, and
    `reads` the share of weights read, which decides where memory is slow; `layers` counts a layer's
    run for a position, also those of tokens that were caught up with.
    Percentiles leave out the first token, which waits for the prompt.
    """
    real = [s for s in said if s.token >= 0]
    n, full = len(real), Costs(gemma).full
    later = [s.seconds for s in real[1:]]
    slow = np.percentile(later, [50, 90, 99]) if later else [np.nan] * 3
    return {
        "tokens": n,
        "layers": sum(s.step.layers for s in real) / n,
        "of_layers": gemma.n_layers,
        "heads": sum(s.step.heads for s in real) / n,
        "work": sum(s.step.work for s in real) / n / full,
        "reads": sum(s.step.reads for s in real) / n / full,
        "tokens_per_second": len(later) / sum(later) if later else None,
        "first_ms": 1e3 * real[0].seconds,
        **{
            f"p{p}_ms": None if np.isnan(v) else 1e3 * float(v)
            for p, v in zip((50, 90, 99), slow, strict=True)
        },
        "exits": {str(k): n for k, n in sorted(Counter(s.step.exit for s in real).items())},
    }


@dataclass(frozen=True)
class Faithful:
    """A routed text beside full depth."""

    agree: list[bool]  # full depth, after the same tokens, would have said the same
    entropy: list[float]  # of full depth there, in nats
    same: list[bool]  # the free-running text of full depth has the same token at this place

    @property
    def diverges(self) -> int | None:
        """Return the first place where the two free-running texts differ."""
        return next((i for i, same in enumerate(self.same) if not same), None)


def beside_full(gemma: Gemma, ids: list[int], said: list[int], full: list[int]) -> Faithful:
    """Compare a routed text with full depth after the same tokens, and with its own text.

    One pass without a cache. Where one text ends earlier, the rest of the other differs.
    """
    at = list(range(len(ids) - 1, len(ids) + len(said) - 1))
    h = gemma.hidden_at(mx.array([ids + said[:-1]]), mx.array([at]))[0]  # [n x d]
    best: list[int] = []
    entropy: list[float] = []
    for part in chunks(gemma, len(at)):
        logits = logits_of(gemma, h[part])
        log_p = logits - mx.logsumexp(logits, axis=-1, keepdims=True)
        entropy += np.array(-mx.sum(mx.exp(log_p) * log_p, axis=-1)).tolist()
        best += np.array(mx.argmax(logits, axis=-1)).tolist()
    longest = max(len(said), len(full))
    same = [said[i : i + 1] == full[i : i + 1] for i in range(longest)]
    return Faithful([a == b for a, b in zip(best, said, strict=True)], entropy, same)
