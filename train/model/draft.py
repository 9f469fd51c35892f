"""Self-speculation: an exit drafts tokens, the layers above check them all at once.

What comes out is what full depth would have said (LayerSkip, arXiv 2404.16710; here the draft's
states go on where they stopped, so nothing below the exit runs twice). Two runs may differ where
the two best logits tie to the last digits, since one token and a block of tokens round differently.
"""

from collections.abc import Iterator
from typing import Any

import mlx.core as mx
import numpy as np
from mlx_lm.models.cache import RotatingKVCache

from train.model.gemma import Gemma
from train.model.kept import Tentative, last_kv
from train.model.look import Exit
from train.model.routed import Step, check_layers
from train.model.work import Costs


class Drafting:
    """A Gemma that drafts at one layer; batch 1, greedy."""

    def __init__(self, gemma: Gemma, layer: int, drafts: int, read: Exit | None = None) -> None:
        """Draft `drafts` tokens before `layer` for every check; `read` turns states for the head.

        An exit that wants states of other layers cannot draft.
        """
        check_layers(gemma, (layer,))
        self.gemma, self.layer, self.drafts, self.read = gemma, layer, drafts, read
        self.costs = Costs(gemma)
        self.drafted = self.accepted = 0

    def generate(self, ids: list[int], length: int) -> Iterator[tuple[int, Step]]:
        """Yield up to `length` tokens after a prompt's ids, each with its share of the work."""
        cache = self.gemma.make_cache()
        if ids[:-1]:
            self.gemma.run(self.gemma.start(mx.array([ids[:-1]]), cache), self.gemma.first_shared)
        token, said = ids[-1], 0
        while said < length:
            drafts = min(self.drafts, length - said - 1)
            found, guessed = self._round(token, drafts, cache)
            for i, token in enumerate(found):
                at = self.layer if [token] == guessed[i : i + 1] else self.gemma.n_layers
                yield token, self._share(drafts + 1, len(found), at)
            said += len(found)

    def _round(self, token: int, drafts: int, cache: list[Any]) -> tuple[list[int], list[int]]:
        """Draft behind a token and check; return what full depth says, and what was drafted.

        Afterwards the cache holds the token and what of the draft was right.
        """
        tried = [Tentative(c) if isinstance(c, RotatingKVCache) else c for c in cache]
        tokens, states = [token], []
        for i in range(drafts + 1):
            stream = self.gemma.start(mx.array([tokens[-1:]]), tried)
            states.append(self.gemma.run(stream, self.layer).h)  # [1 x 1 x d]
            if i < drafts:
                h = self.read({self.layer: states[-1]}) if self.read else states[-1]
                tokens.append(best(self.gemma.decode(h))[0])
        full = best(self._check(tokens, mx.concatenate(states, 1), tried))
        guessed = tokens[1:]
        right = next((i for i, t in enumerate(guessed) if t != full[i]), drafts)
        self.drafted, self.accepted = self.drafted + drafts, self.accepted + right
        for c in tried:
            if isinstance(c, Tentative):
                c.settle(right + 1)
            else:
                c.trim(drafts - right)
        return full[: right + 1], guessed

    def _check(self, tokens: list[int], h: mx.array, cache: list[Any]) -> mx.array:
        """Return full-depth logits [1 x n x v] of n drafted states [1 x n x d]."""
        gemma, n = self.gemma, len(tokens)
        kvs = {
            p: last_kv(cache[p], gemma.window if gemma.kinds[p] == "sliding" else None, n)
            for p in gemma.producers(self.layer)
        }
        stream = gemma.resume(mx.array([tokens]), h, self.layer, kvs, cache)
        return gemma.decode(gemma.run(stream, gemma.n_layers).h)

    def _share(self, positions: int, said: int, at: int) -> Step:
        """Return the share of one of `said` tokens in a round: rejected drafts count too."""
        drafts, n = positions - 1, self.gemma.n_layers
        round = Step(at, positions * n, drafts + positions)
        round.add(positions * self.costs.between(0, self.layer) + drafts * self.costs.head)
        round.add(drafts * (self.read.work if self.read else 0))
        round.add(self.costs.between(self.layer, n) + self.costs.head, positions)
        parts = (round.layers, round.heads, round.work, round.reads)
        return Step(at, *(part / said for part in parts))


def best(logits: mx.array) -> list[int]:
    """Return the likeliest token of each position of logits [1 x n x v]."""
    return [int(t) for t in np.array(mx.argmax(logits, -1))[0]]
