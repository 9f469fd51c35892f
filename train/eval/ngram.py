"""An n-gram model over token ids: the bar below which nothing but word order was learned."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from math import log


class NGram:
    """Interpolated Witten–Bell n-grams (Witten and Bell 1991).

    p(w|h) = (c(h,w) + T(h) p(w|h')) / (c(h) + T(h)), where T(h) counts the kinds of tokens seen
    after h and h' is h without its oldest token; below the unigrams stands the uniform.
    """

    def __init__(self, vocabulary: int, order: int = 3) -> None:
        """Make an empty model over `vocabulary` tokens."""
        self.vocabulary, self.order = vocabulary, order
        self.counts: dict[tuple[int, ...], Counter[int]] = defaultdict(Counter)

    def fit(self, texts: Iterable[Sequence[int]]) -> "NGram":
        """Count the n-grams of some token sequences."""
        for ids in texts:
            for i, token in enumerate(ids):
                for k in range(min(self.order - 1, i) + 1):
                    self.counts[tuple(ids[i - k : i])][token] += 1
        return self

    def probability(self, history: Sequence[int], token: int) -> float:
        """Return p(token | history); over all tokens it adds up to one.

        >>> model = NGram(4, order=2).fit([[0, 1, 0, 1, 2]])
        >>> round(sum(model.probability([0], t) for t in range(4)), 6)
        1.0
        """
        p = 1 / self.vocabulary
        for k in range(min(self.order - 1, len(history)) + 1):
            seen = self.counts.get(tuple(history[len(history) - k :]))
            if seen is None:
                break
            kinds = len(seen)
            p = (seen[token] + kinds * p) / (seen.total() + kinds)
        return p

    def cross_entropy(self, ids: Sequence[int], positions: Iterable[int]) -> float:
        """Return −Σ log p(ids[i] | ids before i) over `positions`, in nats."""
        return -sum(
            log(self.probability(ids[max(0, i - self.order + 1) : i], ids[i])) for i in positions
        )
