"""What a model makes of held-out prompts: cross-entropy on reference answers, its own answers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np

from train.harness.chat import encode_chat, template
from train.harness.packs import Prompt
from train.model.gemma import Gemma

CHUNK = 256  # positions decoded at once: bounds the logits, which are vocabulary-wide


@dataclass(frozen=True)
class Score:
    """One prompt's cross-entropy."""

    id: str
    nats: float  # summed over the tokens counted
    tokens: int


def answer_scores(
    gemma: Gemma,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    window: int,
    tick: Callable[[], None] = lambda: None,
) -> list[Score]:
    """Return the cross-entropy of each prompt's reference answer, its last assistant turn.

    A conversation longer than `window` tokens loses its oldest tokens, never its answer's end.
    """
    scores = []
    for prompt in prompts:
        encoded = encode_chat(tokenizer, prompt.chat())
        _, start, stop = encoded.turns[-1]
        first = max(0, stop - window)
        ids = encoded.ids[first:stop]
        scores.append(score(gemma, prompt.id, ids, max(1, start - first)))
        tick()
    return scores


def text_scores(gemma: Gemma, tokenizer: Any, texts: Iterable[str], window: int) -> list[Score]:
    """Return the cross-entropy of plain texts, every token but the first counted."""
    encoded = [tokenizer.encode(text)[:window] for text in texts]
    return [score(gemma, f"text {i}", ids, 1) for i, ids in enumerate(encoded) if len(ids) > 1]


def score(gemma: Gemma, name: str, ids: Sequence[int], start: int) -> Score:
    """Return −Σ log p(ids[i] | ids before i) for i ≥ start, in nats.

    The token at i is predicted from position i − 1; the shared tail runs on those alone.
    """
    tokens = mx.array([list(ids)])
    positions = mx.arange(start - 1, len(ids) - 1)[None]  # [1 x p]
    h = gemma.hidden_at(tokens, positions)[0]  # [p x d]
    total = 0.0
    for i in range(0, h.shape[0], CHUNK):
        logits = gemma.decode(h[i : i + CHUNK]).astype(mx.float32)
        targets = tokens[0, start + i : start + i + CHUNK]
        total += np.array(nn.losses.cross_entropy(logits, targets, reduction="sum")).item()
    return Score(name, total, len(ids) - start)


def answer(
    model: nn.Module, tokenizer: Any, prompt: Prompt, *, max_tokens: int, window: int
) -> str:
    """Return the model's own greedy answer to a prompt, without the reference."""
    from mlx_lm.generate import generate

    ids = template(tokenizer, prompt.chat()[:-1], prompt=True)[-window:]
    return generate(model, tokenizer, prompt=ids, max_tokens=max_tokens)
