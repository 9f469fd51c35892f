"""Labeling functions in Python: one decorator, a vote or None.

>>> @labeling_function("question", label="novel", reads=["prompt"], why="An example.")
... def question(turn):
...     return Vote("novel", confidence=0.6) if "?" in turn.prompt else None
>>> question.labels
('novel',)
"""

import hashlib
import inspect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Vote:
    """What a function says: the label holds, or (`holds=False`) it does not, and how sure it is."""

    label: str
    holds: bool = True
    confidence: float = 0.7


@dataclass(frozen=True)
class PythonFunction:
    """A registered function; `turn` has the columns it reads as attributes."""

    id: str
    labels: tuple[str, ...]
    reads: tuple[str, ...]
    why: str
    version: str
    call: Callable[[Any], Vote | None]


REGISTRY: list[PythonFunction] = []


def labeling_function(
    id: str, *, label: str | Sequence[str], reads: Sequence[str], why: str, version: int = 1
) -> Callable[[Callable[[Any], Vote | None]], PythonFunction]:
    """Register a function that votes on a turn, or returns None to abstain.

    Its version is a hash of `version` and of its source, so an edit makes it run again; raise
    `version` when something it calls has changed.
    """

    def register(function: Callable[[Any], Vote | None]) -> PythonFunction:
        labels = (label,) if isinstance(label, str) else tuple(label)
        try:
            source = inspect.getsource(function)
        except OSError:  # typed at a prompt
            source = function.__qualname__
        digest = hashlib.blake2b(f"{version}\n{source}".encode(), digest_size=6).hexdigest()
        made = PythonFunction(id, labels, tuple(reads), why, digest, function)
        REGISTRY.append(made)
        return made

    return register
