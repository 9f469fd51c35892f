"""What stands beside a semantic projection: word counts, and a dense linear probe of the state.

Both are logistic regressions on the same texts, labels and weights; the valid split chooses their
ridge.
"""

import math
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_array, hstack
from scipy.special import expit

from labelers.vectors import terms

RIDGES = (1e-4, 1e-3, 1e-2, 1e-1)
GRAM = 4  # letters of the n-grams of longer words
Matrix = Any  # np.ndarray or csr_array [n x f]


@dataclass(frozen=True)
class Targets:
    """What is learned of n texts: probabilities [n x l] and the weight of each."""

    target: np.ndarray
    weight: np.ndarray


def logistic(x: Matrix, targets: Targets, ridge: float) -> np.ndarray:
    """Return weights [f + 1 x l], the last row the bias, of all labels at once."""
    shape = (x.shape[1] + 1, targets.target.shape[1])
    total = targets.weight.sum()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        w = flat.reshape(shape)
        z = x @ w[:-1] + w[-1]
        off = targets.weight * (expit(z) - targets.target) / total
        slope = np.vstack([x.T @ off + 2 * ridge * w[:-1] / shape[1], off.sum(0)])
        value = divergence(z, targets) + ridge * float((w[:-1] ** 2).sum()) / shape[1]
        return value, slope.ravel()

    found = minimize(loss, np.zeros(math.prod(shape)), jac=True, method="L-BFGS-B")
    return found.x.reshape(shape)


def divergence(z: np.ndarray, targets: Targets) -> float:
    """Return the weighted mean of binary cross-entropy of logits [n x l]."""
    each = np.logaddexp(0, z) - targets.target * z
    return float((each * targets.weight).sum() / targets.weight.sum())


def fitted(
    x: Matrix, targets: Targets, held: Matrix, held_targets: Targets
) -> Callable[[Matrix], np.ndarray]:
    """Return a function from features to logits; the ridge is the best on the held-out texts."""

    def logits(w: np.ndarray, of: Matrix) -> np.ndarray:
        return of @ w[:-1] + w[-1]

    every = [logistic(x, targets, ridge) for ridge in RIDGES]
    best = min(every, key=lambda w: divergence(logits(w, held), held_targets))
    return lambda of: logits(best, of)


class BagOfWords:
    """TF-IDF of words and letter n-grams, with the weights of the texts it was made from."""

    def __init__(self, texts: Sequence[str]) -> None:
        """Count in how many texts each term stands."""
        seen = Counter(t for text in texts for t in set(terms(text, GRAM)))
        self.place = {term: i for i, term in enumerate(sorted(seen))}
        self.idf = [math.log((1 + len(texts)) / (1 + seen[t])) + 1 for t in sorted(seen)]

    def __call__(self, texts: Sequence[str]) -> csr_array:
        """Return unit rows [texts x terms]; terms that were never seen count nothing."""
        rows, columns, values = [], [], []
        for i, text in enumerate(texts):
            counts = Counter(t for t in terms(text, GRAM) if t in self.place)
            found = {self.place[t]: (1 + math.log(n)) * self.idf[self.place[t]]
                     for t, n in counts.items()}  # fmt: skip
            length = math.sqrt(sum(v * v for v in found.values())) or 1.0
            rows += [i] * len(found)
            columns += found
            values += [v / length for v in found.values()]
        return csr_array((values, (rows, columns)), shape=(len(texts), len(self.place)))


class Words:
    """Bags of what was asked and, apart from it, of the prompts before it."""

    def __init__(self, asked: Sequence[str], before: Sequence[str]) -> None:
        """Count the terms of both."""
        self.asked, self.before = BagOfWords(asked), BagOfWords(before)

    def __call__(self, asked: Sequence[str], before: Sequence[str]) -> csr_array:
        """Return rows [texts x terms of both]."""
        return csr_array(hstack([self.asked(asked), self.before(before)]))


def standardised(states: np.ndarray) -> Callable[[np.ndarray], np.ndarray]:
    """Return a function that standardises states [n x d] by these, as the projection does."""
    mean, scale = states.mean(0), np.maximum(states.std(0), 1e-6)
    return lambda x: np.clip((x - mean) / scale, -6, 6)
