"""Chance that always falls the same way: a seed in, choices and identifiers out.

Only `Random.random` keeps its sequence over Python versions by promise, so all else builds on it.
"""

import hashlib
import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Dice:
    """Choices drawn from one seed.

    >>> Dice("a").pick("xyz") == Dice("a").pick("xyz")
    True
    """

    def __init__(self, seed: str) -> None:
        """Begin a sequence."""
        self._seed = seed
        self._random = random.Random(seed)
        self._names = 0

    def below(self, n: int) -> int:
        """Return an integer from 0 to n - 1."""
        return int(self._random.random() * n)

    def between(self, low: int, high: int) -> int:
        """Return an integer from low to high, both included."""
        return low + self.below(high - low + 1)

    def chance(self, p: float) -> bool:
        """Return True with probability p."""
        return self._random.random() < p

    def pick(self, options: Sequence[T]) -> T:
        """Return one of the options."""
        return options[self.below(len(options))]

    def shuffled(self, items: Sequence[T]) -> list[T]:
        """Return the items in another order."""
        keyed = sorted((self._random.random(), i) for i in range(len(items)))
        return [items[i] for _, i in keyed]

    def letters(self, n: int, alphabet: str) -> str:
        """Return n characters of an alphabet."""
        return "".join(self.pick(alphabet) for _ in range(n))

    def hex(self, digits: int) -> str:
        """Return a new identifier of that many hex digits."""
        self._names += 1
        return hashlib.shake_256(f"{self._seed}/{self._names}".encode()).hexdigest(digits)[:digits]

    def uuid(self) -> str:
        """Return a new identifier in the shape of a random uuid."""
        h = self.hex(32)
        return f"{h[:8]}-{h[8:12]}-4{h[13:16]}-a{h[17:20]}-{h[20:]}"
