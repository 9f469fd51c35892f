"""One pass of a model over a pack: its states at chosen layers and what it says at full depth.

For every prompt the model continues greedily; the states are those that predict the continuation's
tokens, so that row i of a shard answers: what did layer k know when token i was due? Positions are
gathered before anything as wide as the vocabulary is made, so memory does not grow with prompts.
"""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.chat import template
from train.harness.continuation import continuation
from train.harness.packs import Prompt
from train.harness.shards import Arrays, finished_shard, write_shard
from train.model.gemma import Gemma
from warehouse.errors import AgpError

TOP = 64  # logits kept of each position, beside the log of the sum over all of them
PROMPTS = 16  # of a shard
LOGITS = 1 << 24  # decoded at once, so that memory does not follow positions × vocabulary

Tick = Callable[[], None]


@dataclass(frozen=True)
class Shape:
    """What is captured of each prompt."""

    layers: tuple[int, ...]  # h before these layers; h at the end is always kept too
    length: int = 32  # tokens of a continuation, at the most
    window: int = 1024  # tokens of a prompt; a longer one loses its beginning


def layers_of(gemma: Gemma, layers: Sequence[int]) -> tuple[int, ...]:
    """Return the candidate layers in order; AgpError where the model has no such boundary."""
    wrong = [k for k in layers if not 0 < k < gemma.n_layers]
    if wrong or not layers:
        raise AgpError(
            f"layers {wrong or 'none'}: this model has boundaries 1 to {gemma.n_layers - 1}"
        )
    return tuple(sorted(set(layers)))


def candidates(gemma: Gemma) -> tuple[int, ...]:
    """Return all inner boundaries of a shallow model, every third of a deep one.

    The boundary before the first shared layer is always among them: an exit there or later leaves
    no hole in the cache.
    """
    step = 1 if gemma.n_layers <= 18 else 3
    shared = {gemma.first_shared} & set(range(1, gemma.n_layers))
    return tuple(sorted({*range(step, gemma.n_layers, step), *shared}))


def capture_shards(
    gemma: Gemma,
    tokenizer: Any,
    prompts: Sequence[Prompt],
    shape: Shape,
    folder: Path,
    tick: Tick = lambda: None,
) -> list[dict[str, Any]]:
    """Capture all prompts into a folder and return the shards' notes; finished ones are kept."""
    notes = []
    for number, start in enumerate(range(0, len(prompts), PROMPTS)):
        some = prompts[start : start + PROMPTS]
        note = finished_shard(folder, number)
        if note is None:
            parts = [capture_prompt(gemma, tokenizer, prompt, shape) for prompt in some]
            arrays = {name: mx.concatenate([p[name] for p in parts]) for name in parts[0]}
            facts = {
                "rows": arrays["token"].shape[0],
                "prompts": [p.id for p in some],
                "splits": [p.split for p in some],
                "exchanges": [p.exchange for p in some],
                "conversations": [p.conversation or p.id for p in some],
                "lengths": [p["token"].shape[0] for p in parts],
            }
            note = write_shard(folder, number, arrays, facts)
        notes.append(note)
        for _ in some:
            tick()
    return notes


def capture_prompt(gemma: Gemma, tokenizer: Any, prompt: Prompt, shape: Shape) -> Arrays:
    """Return the rows of one prompt: n positions, d wide.

    `h.K` [n x d] for each layer K and the end, `token` [n], `position` [n] in the whole sequence,
    `top_ids` and `top_logits` [n x 64], `log_sum` [n]: log Σ exp of all logits.
    """
    ids = template(tokenizer, prompt.chat()[:-1], prompt=True)[-shape.window :]
    if not ids:
        raise AgpError(f"prompt {prompt.id} is empty under this chat template")
    ends = set(getattr(tokenizer, "eos_token_ids", None) or {tokenizer.eos_token_id})
    return capture_ids(gemma, ids, continuation(gemma, ids, shape.length, ends), shape.layers)


def capture_ids(
    gemma: Gemma, ids: Sequence[int], said: Sequence[int], layers: Sequence[int]
) -> Arrays:
    """Return the rows of a prompt's ids and what was said after them, in one forward pass."""
    at = list(range(len(ids) - 1, len(ids) + len(said) - 1))
    states, _ = gemma.capture(
        mx.array([[*ids, *said[:-1]]]), [*layers, gemma.n_layers], positions=mx.array([at])
    )
    rows = {f"h.{k}": h[0] for k, h in states.items()}
    rows |= full_depth(gemma, states[gemma.n_layers][0])
    rows |= {"token": mx.array(list(said), mx.int32), "position": mx.array(at, mx.int32)}
    mx.eval(list(rows.values()))
    return rows


def full_depth(gemma: Gemma, h: mx.array) -> Arrays:
    """Return the top logits and the log of the sum of exponentials of final states [n x d]."""
    ids, values, sums = [], [], []
    for part in chunks(gemma, len(h)):
        logits = logits_of(gemma, h[part])
        top = min(TOP, logits.shape[-1])
        order = mx.argpartition(-logits, top - 1, axis=-1)[:, :top]
        found = mx.take_along_axis(logits, order, -1)
        best = mx.argsort(-found, axis=-1)
        ids.append(mx.take_along_axis(order, best, -1).astype(mx.int32))
        values.append(mx.take_along_axis(found, best, -1))
        sums.append(mx.logsumexp(logits, axis=-1))
    return {
        "top_ids": mx.concatenate(ids),
        "top_logits": mx.concatenate(values),
        "log_sum": mx.concatenate(sums),
    }


def chunks(gemma: Gemma, n: int) -> Iterator[slice]:
    """Yield parts of n positions whose logits are made at once."""
    step = max(1, LOGITS // gemma.config.vocab_size)
    yield from (slice(i, i + step) for i in range(0, n, step))


def logits_of(gemma: Gemma, h: mx.array) -> mx.array:
    """Return float32 logits [n x v] of states [n x d]."""
    return gemma.decode(h).astype(mx.float32)


def same_as_plain(gemma: Gemma, tokenizer: Any, prompts: Sequence[Prompt]) -> bool:
    """Say whether captured states decode to the very bits that the model itself returns."""
    for prompt in prompts:
        tokens = mx.array([template(tokenizer, prompt.chat()[:-1], prompt=True)[-256:]])
        states, _ = gemma.capture(tokens, range(1, gemma.n_layers + 1))
        plain = np.array(gemma.model(tokens).astype(mx.float32))
        ours = np.array(gemma.decode(states[gemma.n_layers]).astype(mx.float32))
        if not np.array_equal(plain, ours):
            return False
    return True


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a capture's manifest; AgpError where the capture was never finished."""
    try:
        return json.loads((folder / "manifest.json").read_bytes())
    except FileNotFoundError:
        raise AgpError(f"{folder} holds no finished capture; run the same command again") from None
    except ValueError as error:
        raise AgpError(f"{folder / 'manifest.json'} is no JSON ({error})") from None
