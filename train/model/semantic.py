"""A semantic projection: the state of a prompt at one layer in, a few named units and labels out.

Two parts: a dense projector over the standardised state, and sparse units on top. Every unit
belongs to one label (a primitive or an invariant of the kernel), and a label's logit is a weighted
sum of its own units: what is active is kernel-typed, never an anonymous feature.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from train.model.identity import Identity, refuse_foreign
from warehouse.errors import AgpError

FARTHEST = 6.0  # standard deviations; what lies beyond is drawn in
WEIGHTS, ABOUT = "semantic.safetensors", "semantic.json"


@dataclass(frozen=True)
class Shape:
    """Sizes of a projection."""

    width: int  # d, of a state
    labels: tuple[str, ...]
    hidden: int = 64  # of the dense projector
    units: int = 12  # of each label
    sparsity: Literal["topk", "threshold"] = "topk"
    active: int = 16  # units left on by topk; threshold leaves those above 0, and L1 makes few
    dropout: float = 0.1

    @property
    def total(self) -> int:
        """Return how many units there are."""
        return len(self.labels) * self.units


class Semantic(nn.Module):
    """Labels of states, by way of sparse units."""

    def __init__(self, shape: Shape) -> None:
        """Start with random weights; `fit_scale` and `fit_prior` set what is not learned."""
        super().__init__()
        self.shape = shape
        self.mean, self.scale = mx.zeros(shape.width), mx.ones(shape.width)
        self.project = nn.Linear(shape.width, shape.hidden)
        self.units = nn.Linear(shape.hidden, shape.total)
        self.evidence = mx.ones((len(shape.labels), shape.units))
        self.bias = mx.zeros(len(shape.labels))
        self.drop = nn.Dropout(shape.dropout)
        self.freeze(keys=["mean", "scale"], recurse=False)

    def fit_scale(self, states: mx.array) -> None:
        """Standardise by the mean and the deviation of these states [n x d]."""
        self.mean = states.mean(axis=0)
        self.scale = mx.maximum(states.std(axis=0), 1e-6)

    def fit_prior(self, rate: mx.array) -> None:
        """Begin with the log-odds of how often each label holds [l]."""
        rate = mx.clip(rate, 1e-4, 1 - 1e-4)
        self.bias = mx.log(rate) - mx.log1p(-rate)

    def __call__(self, states: mx.array) -> tuple[mx.array, mx.array]:
        """Return logits [r x l] and activations [r x l·u] of states [r x d].

        What is not finite in a state counts as the mean.
        """
        x = (states.astype(mx.float32) - self.mean) / self.scale
        x = mx.where(mx.isfinite(x), mx.clip(x, -FARTHEST, FARTHEST), 0)
        dense = mx.tanh(self.project(self.drop(x)))  # [r x h]
        z = self.sparse(nn.relu(self.units(dense)))  # [r x l·u]
        own = z.reshape(len(z), len(self.shape.labels), -1) * self.evidence
        return own.sum(axis=-1) + self.bias, z

    def sparse(self, z: mx.array) -> mx.array:
        """Return activations [r x l·u] with all but the strongest of each row at 0."""
        if self.shape.sparsity == "threshold" or self.shape.active >= z.shape[1]:
            return z
        weakest = mx.sort(z, axis=1)[:, -self.shape.active, None]
        return mx.where(z >= mx.stop_gradient(weakest), z, 0)


class Members(nn.Module):
    """Projections of one shape from several seeds, trained side by side; none sees another."""

    def __init__(self, shape: Shape, seeds: Sequence[int]) -> None:
        """Start each member with random weights of its own seed."""
        super().__init__()
        self.members: list[Semantic] = []
        for seed in seeds:
            mx.random.seed(seed)
            self.members.append(Semantic(shape))


def weights(model: nn.Module) -> dict[str, mx.array]:
    """Return every array by name, the scale of the states included."""
    pairs: Any = tree_flatten(model.parameters())
    return dict(pairs)


def about(shape: Shape, identity: Identity, pool: str, members: Sequence[str]) -> dict[str, Any]:
    """Return the document that stands beside the weights; `members` names each seed's part."""
    return {
        "shape": asdict(shape) | {"labels": list(shape.labels)},
        "identity": identity.document(),
        "pool": pool,
        "members": list(members),
    }


def load_semantic(folder: Path, given: Identity | None) -> dict[str, Semantic]:
    """Return the projections in a folder by name, ready to read states of the given model.

    AgpError, in one line, where they belong to another backbone, adapter, tokenizer or layer; None
    asks nothing.
    """
    try:
        found = json.loads((folder / ABOUT).read_bytes())
        sizes = found["shape"] | {"labels": tuple(found["shape"]["labels"])}
        shape, trained, names = Shape(**sizes), Identity.of(found["identity"]), found["members"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AgpError(
            f"{folder} holds no semantic projection ({error}); `agp train run 4` makes one"
        ) from None
    if given is not None:
        refuse_foreign(f"the semantic projection in {folder}", trained, given)
    made = Members(shape, range(len(names)))
    try:
        made.load_weights(str(folder / WEIGHTS))
    except (OSError, RuntimeError, ValueError) as error:
        raise AgpError(f"cannot read {folder / WEIGHTS} ({error}); train it anew") from None
    made.eval()
    return dict(zip(names, made.members, strict=True))
