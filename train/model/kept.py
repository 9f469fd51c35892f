"""Reading a cache back, and a rotating cache that can forget what was only drafted."""

from typing import Any

import mlx.core as mx
from mlx_lm.models.base import create_causal_mask
from mlx_lm.models.cache import RotatingKVCache

from train.model.stream import Kv


def last_kv(cache: Any, window: int | None, queries: int = 1) -> Kv:
    """Return keys and values that the last `queries` positions of a cache see, and their offset.

    The cache holds those positions already. `window` is None for full attention. A rotating cache
    that took several positions at once keeps more than a window, which one query must not see.
    """
    keys, values = cache.keys_and_values()
    if window is not None:
        keys, values = (x[..., -(window + queries - 1) :, :] for x in (keys, values))
    return (keys, values), mx.array(cache.offset - queries)


class Tentative:
    """A rotating cache with positions beside it that `settle` takes in, or not.

    A rotating cache overwrites its oldest entries, so it cannot give a rejected position back.
    """

    def __init__(self, cache: RotatingKVCache) -> None:
        """Stand beside a cache, which is not touched before `settle`."""
        self.base, self.window, self.drafted = cache, cache.max_size, 0
        empty = cache.keys is None
        held = () if empty else (cache._temporal_order(x) for x in (cache.keys, cache.values))
        self.held: tuple[mx.array, ...] = tuple(held)  # keys and values, in order

    @property
    def offset(self) -> int:
        """Return how many positions were seen, drafted ones included."""
        return self.base.offset + self.drafted

    def update_and_fetch(self, keys: mx.array, values: mx.array) -> tuple[mx.array, mx.array]:
        """Add n positions beside the cache; return what they see, in order."""
        n = keys.shape[2]
        if self.held:
            keys, values = (
                mx.concatenate(list(pair), 2)
                for pair in zip(self.held, (keys, values), strict=True)
            )
        self.held, self.drafted = (keys, values), self.drafted + n
        width = self.window + n - 1
        return keys[..., -width:, :], values[..., -width:, :]

    def keys_and_values(self) -> tuple[mx.array, ...]:
        """Return all that is held, in order; older than the window too."""
        return self.held

    def make_mask(
        self, n: int, window_size: int | None = None, return_array: bool = False
    ) -> mx.array | None:
        """Return the mask of n positions about to be added over what they will be given."""
        if n == 1:
            return None
        held = self.held[0].shape[2] if self.held else 0
        return create_causal_mask(n, min(held, self.window - 1), window_size=self.window)

    def settle(self, accepted: int) -> None:
        """Let the cache take the first `accepted` drafted positions and forget the others."""
        first = self.held[0].shape[2] - self.drafted
        keys, values = (x[..., first : first + accepted, :] for x in self.held)
        self.base.update_and_fetch(keys, values)
