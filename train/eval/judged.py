"""A split of a capture as evaluations see it: facts and labels, and what each set of heads said."""

from dataclasses import dataclass, field

import numpy as np

from train.eval.resample import Groups


@dataclass(frozen=True)
class Said:
    """What one set of heads said: of n positions at k candidate layers, and of m damaged states."""

    confidence: np.ndarray  # [n x k], probability
    route: np.ndarray  # [n x k], the likeliest action
    vitality: np.ndarray  # [n x k], the likeliest class
    earliest: np.ndarray  # [n x k], the likeliest candidate; k: full depth
    death: np.ndarray  # [n x k], probability of dead
    dead_confidence: np.ndarray  # [m]
    dead_death: np.ndarray  # [m]


@dataclass(frozen=True)
class Judged:
    """A split: n positions, k candidate layers, m damaged copies."""

    layers: tuple[int, ...]
    n_layers: int
    groups: Groups  # of the positions
    scalars: np.ndarray  # [n x k x s]
    agree: np.ndarray  # [n x k] bool
    route: np.ndarray  # [n x k]
    vitality: np.ndarray  # [n x k]
    earliest: np.ndarray  # [n]
    kind: np.ndarray  # [m], names
    dead_layer: np.ndarray  # [m], candidate
    dead_row: np.ndarray  # [m], position
    dead_scalars: np.ndarray  # [m x s]
    said: dict[str, Said] = field(default_factory=dict)

    @property
    def wrong(self) -> np.ndarray:
        """Return where the first token is not full depth's."""
        return ~self.agree
