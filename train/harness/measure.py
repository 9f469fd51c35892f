"""What a model makes of held-out prompts: cross-entropy on reference answers, its own answers."""

from collections.abc import Callable, Iterable, Iterator, Sequence
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
    group: str = ""  # prompts of one conversation are resampled together


@dataclass(frozen=True)
class Asked:
    """A prompt in token ids: ids[start:] is the reference answer."""

    id: str
    ids: list[int]
    start: int
    group: str


def encode_prompts(tokenizer: Any, prompts: Iterable[Prompt]) -> list[Asked]:
    """Return prompts as ids, up to the end of their reference answer."""
    made = []
    for prompt in prompts:
        encoded = encode_chat(tokenizer, prompt.chat(), last=True)
        _, start, stop = encoded.turns[-1]
        made.append(Asked(prompt.id, encoded.ids[:stop], start, prompt.conversation or prompt.id))
    return made


def answer_scores(
    gemma: Gemma, asked: Sequence[Asked], window: int, tick: Callable[[], None] = lambda: None
) -> list[Score]:
    """Return the cross-entropy of each prompt's reference answer.

    A conversation longer than `window` tokens loses its oldest tokens, never its answer's end.
    """
    found: dict[str, Score] = {}
    for ids, spans in passes(asked, window):
        nats = span_nats(gemma, ids, [(a, b) for _, a, b in spans])
        for (prompt, a, b), value in zip(spans, nats, strict=True):
            found[prompt.id] = Score(prompt.id, value, b - a, prompt.group)
            tick()
    return [found[a.id] for a in asked]


def passes(
    asked: Sequence[Asked], window: int
) -> Iterator[tuple[list[int], list[tuple[Asked, int, int]]]]:
    """Yield (ids, [(prompt, start, stop)]), every prompt once: those that begin alike together."""
    left = sorted(asked, key=lambda a: -len(a.ids))
    while left:
        longest = left[0]
        first = max(0, len(longest.ids) - window)
        ids = longest.ids[first:]
        spans = [(longest, max(1, longest.start - first), len(ids))]
        if not first:
            alike = [a for a in left[1:] if a.ids == ids[: len(a.ids)]]
            spans += [(a, a.start, len(a.ids)) for a in alike]
        yield ids, spans
        taken = {a.id for a, _, _ in spans}
        left = [a for a in left if a.id not in taken]


def text_scores(
    gemma: Gemma,
    tokenizer: Any,
    texts: Iterable[str],
    window: int,
    tick: Callable[[], None] = lambda: None,
) -> list[Score]:
    """Return the cross-entropy of plain texts, every token but the first counted."""
    scores = []
    for i, text in enumerate(texts):
        ids = tokenizer.encode(text)[:window]
        if len(ids) > 1:
            [nats] = span_nats(gemma, ids, [(1, len(ids))])
            scores.append(Score(f"text {i}", nats, len(ids) - 1))
        tick()
    return scores


def span_nats(gemma: Gemma, ids: Sequence[int], spans: Sequence[tuple[int, int]]) -> list[float]:
    """Return −Σ log p(ids[i] | ids before i) over start ≤ i < stop of each span, in nats.

    The token at i is predicted from position i − 1; the shared tail runs on those alone.
    """
    tokens = mx.array([list(ids)])
    at = [i - 1 for start, stop in spans for i in range(start, stop)]
    h = gemma.hidden_at(tokens, mx.array([at]))[0]  # [p x d]
    losses = []
    for i in range(0, len(at), CHUNK):
        logits = gemma.decode(h[i : i + CHUNK]).astype(mx.float32)
        targets = mx.array([ids[k + 1] for k in at[i : i + CHUNK]])
        losses.append(np.array(nn.losses.cross_entropy(logits, targets)))
    ends = np.cumsum([stop - start for start, stop in spans])[:-1]
    return [float(part.sum(dtype=np.float64)) for part in np.split(np.concatenate(losses), ends)]


def answer(
    model: nn.Module, tokenizer: Any, prompt: Prompt, *, max_tokens: int, window: int
) -> str:
    """Return the model's own greedy answer to a prompt, without the reference."""
    from mlx_lm.generate import generate

    ids = template(tokenizer, prompt.chat()[:-1], prompt=True)[-window:]
    return generate(model, tokenizer, prompt=ids, max_tokens=max_tokens)
