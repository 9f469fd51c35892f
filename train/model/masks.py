"""Attention masks for whole sequences, for packs of samples, and for chosen positions."""

from typing import Any

import mlx.core as mx
from mlx_lm.models.base import create_attention_mask, create_causal_mask


def causal_mask(h: mx.array, cache: Any, window: int | None, keys: int | None = None) -> Any:
    """Return mlx_lm's mask for h [b x s x d]; `keys` says how many keys there are without a cache.

    The queries are the last of the keys, as when a stream resumes above the layers that made them.
    """
    n = h.shape[1]
    if keys is None or keys == n:
        return create_attention_mask(h, cache, window_size=window)
    return None if n == 1 else create_causal_mask(n, keys - n, window_size=window)


def segment_mask(segments: mx.array, window: int | None) -> mx.array:
    """Return a mask [b x 1 x s x s] where a position sees the earlier ones of its own segment.

    >>> segment_mask(mx.array([[1, 1, 2]]), None)[0, 0].tolist()
    [[True, False, False], [True, True, False], [False, False, True]]
    """
    same = segments[:, :, None] == segments[:, None, :]
    return (same & create_causal_mask(segments.shape[1], window_size=window))[:, None]


def restarted(segments: mx.array) -> mx.array:
    """Return each position's index within its own segment; segments [b x s] do not interleave.

    Rotary embedding is relative, but computed from absolute angles in float32: a sample that
    began at 500 would differ in the fifth digit from the same sample alone.

    >>> restarted(mx.array([[0, 0, 0, 1, 1]])).tolist()
    [[0, 1, 2, 0, 1]]
    """
    index = mx.arange(segments.shape[1])[None]
    changes = segments[:, 1:] != segments[:, :-1]
    begins = mx.concatenate([changes[:, :1] & False, changes], 1)
    return index - mx.cummax(mx.where(begins, index, 0), axis=1)


def array_mask(mask: Any, queries: int, keys: int) -> mx.array | None:
    """Return a mask as an array where mlx_lm abbreviates it by a word."""
    return create_causal_mask(queries, keys - queries) if isinstance(mask, str) else mask


def select_rows(mask: mx.array | None, positions: mx.array) -> mx.array | None:
    """Return the rows of a mask [s x t] or [b x 1 x s x t] at positions [b x p]: [b x 1 x p x t].

    >>> select_rows(create_causal_mask(3), mx.array([[2, 0]]))[0, 0].tolist()
    [[True, True, True], [True, False, False]]
    """
    if mask is None:
        return None
    if mask.ndim == 2:
        return mask[positions][:, None]
    return mx.take_along_axis(mask, positions[:, None, :, None], 2)
