"""What travels between two halves of a model: which rows, of which layers, in which order.

From the shared tail on, only the last position's state is due, and the keys and values that the
tail reads; below it, every position's state, because the receiver's own layers make keys of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mlx.core as mx

from train.model.gemma import Gemma
from train.model.packet import NOBODY
from train.model.stream import Stream

Context = tuple[Sequence[int], Sequence[int]]  # route and vitality, in 255ths


@dataclass(frozen=True)
class Digests:
    """Whose packets these are."""

    model: str
    adapter: str | None
    tokenizer: str

    @property
    def named(self) -> tuple[str, str, str]:
        """Return the three digests as a packet names them."""
        return self.model, self.adapter or NOBODY, self.tokenizer


def lower(gemma: Gemma, split: int, whole: bool) -> list[int]:
    """Return the layers whose keys and values travel: those read above, or all below the split."""
    return list(range(min(split, gemma.first_shared))) if whole else gemma.producers(split)


def reach(gemma: Gemma, layer: int, tokens: int) -> int:
    """Return how many of so many last rows of a layer any later position can read."""
    return min(tokens, gemma.window) if gemma.kinds[layer] == "sliding" else tokens


def hidden_rows(gemma: Gemma, split: int, tokens: int) -> int:
    """Return how many states travel: below the shared tail every position's keys are still due."""
    return tokens if split < gemma.first_shared else 1


def heads_of(gemma: Gemma, layer: int) -> tuple[int, int]:
    """Return how many key and value heads a layer has, and how wide a key, or a value, is."""
    attention: Any = gemma.layers[layer].self_attn
    return attention.n_kv_heads, attention.head_dim


def kv_columns(gemma: Gemma, layer: int) -> int:
    """Return how many numbers a row of a layer's keys and values has."""
    heads, size = heads_of(gemma, layer)
    return 2 * heads * size


def as_rows(keys: mx.array, values: mx.array) -> mx.array:
    """Return keys and values [1 x heads x n x e] side by side: [n x heads · 2e]."""
    both = (x.transpose(0, 2, 1, 3).reshape(x.shape[2], -1) for x in (keys, values))
    return mx.concatenate(list(both), axis=1)


def from_rows(gemma: Gemma, layer: int, rows: mx.array) -> tuple[mx.array, mx.array]:
    """Return the keys and values [1 x heads x n x e] of rows.

    They lie in memory as a layer's own do: where strides differ, some BLAS sum in another order.
    """
    heads, size = heads_of(gemma, layer)
    cut = heads * size
    halves = (mx.contiguous(x) for x in (rows[:, :cut], rows[:, cut:]))
    parts = (x.reshape(1, len(rows), heads, -1) for x in halves)
    keys, values = (x.transpose(0, 2, 1, 3) for x in parts)
    return keys, values


def newest(entry: Any, count: int) -> mx.array:
    """Return the last `count` rows that a cache entry took in."""
    end = entry._idx if hasattr(entry, "_idx") else entry.offset
    return as_rows(entry.keys[..., end - count : end, :], entry.values[..., end - count : end, :])


def last_of(tokens: int) -> mx.array:
    """Return the last position [1 x 1]."""
    return mx.array([[tokens - 1]])


def ratios(context: Context) -> mx.array:
    """Return a context [8] as codecs take it, 0 to 1."""
    return mx.array([*context[0], *context[1]], mx.float32) / 255


def only_last(gemma: Gemma, stream: Stream, tokens: int) -> Stream:
    """Return the stream of the last position, as `Gemma.prefill` runs the tail."""
    if gemma.first_shared == gemma.n_layers or stream.layer == gemma.n_layers:
        return stream
    return gemma.take(stream, last_of(tokens))


def before(x: mx.array, n: int) -> mx.array:
    """Return rows with zeros before them, n in all: positions that nobody reads keep their place.

    They change no bit: what is masked counts as nothing, whatever it holds.

    >>> before(mx.ones((1, 2)), 2).tolist()
    [[0.0, 0.0], [1.0, 1.0]]
    """
    if len(x) == n:
        return x
    return mx.concatenate([mx.zeros((n - len(x), x.shape[1]), x.dtype), x])
