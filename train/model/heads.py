"""Routing heads: what a candidate layer and those before it look like in, four judgements out.

A trunk shared by all candidate layers reads the state of one (layer-normed, through a narrow
projection) and what the lenses said there and at every earlier candidate: scalars, and which of
them named the same token first. The state alone loses to the lens's own margin; with the scalars
of earlier layers it wins. Each candidate layer has outputs of its own.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from train.model.identity import Identity, refuse_foreign
from warehouse.errors import AgpError

SCALARS = (
    *("entropy", "margin", "max_prob", "kl_before"),
    *("norm", "kurtosis", "participation", "massive", "cosine"),
)
LOGGED = ("kl_before", "norm", "kurtosis", "massive")  # they spread over orders of magnitude
ROUTES = ("accept_local", "continue_local", "revive_local", "escalate")
VITALITIES = ("alive", "weak", "revive_needed", "dead")
FARTHEST = 6.0  # standard deviations; what lies beyond is drawn in
WEIGHTS, ABOUT = "heads.safetensors", "heads.json"


@dataclass(frozen=True)
class Shape:
    """Sizes of a set of heads."""

    candidates: int  # k
    width: int  # d, of a state
    hidden: int = 64
    projection: int = 32  # of the state, before it meets the scalars
    dropout: float = 0.1

    @property
    def outputs(self) -> dict[str, int]:
        """Return each output's name and width."""
        k = self.candidates + 1
        return {"route": len(ROUTES), "vitality": len(VITALITIES), "earliest": k, "confidence": 1}


@dataclass(frozen=True)
class Look:
    """A row a judgement: the state there, and what the lenses said at all candidate layers.

    Rows of one position share what its lenses said. What stands there of layers behind the one that
    is judged is not looked at, whatever it holds.
    """

    state: mx.array  # [r x d]
    layer: mx.array  # [r], 0 … k − 1
    of: mx.array  # [r], which of the positions below
    scalars: mx.array  # [p x k x s], as the lens gave them; NaN where there is none
    same: mx.array  # [p x k x k]: 1 where two candidates name the same token first


class Heads(nn.Module):
    """Route, vitality, earliest boundary and confidence of states at candidate layers."""

    def __init__(self, shape: Shape) -> None:
        """Start with random weights; `fit_scale` sets how the scalars are standardised."""
        super().__init__()
        self.shape = shape
        k, s = shape.candidates, len(SCALARS)
        self.mean, self.scale = mx.zeros((k, s)), mx.ones((k, s))
        self.norm = nn.LayerNorm(shape.width)
        self.narrow = nn.Linear(shape.width, shape.projection)
        self.from_state = nn.Linear(shape.projection, shape.hidden, bias=False)
        facts, edge = s + 1 + k, (k * (s + 1 + k)) ** -0.5
        self.from_facts = mx.random.uniform(-edge, edge, (k, facts, shape.hidden))
        self.start = mx.zeros((k, shape.hidden))
        self.trunk = nn.Linear(shape.hidden, shape.hidden)
        outputs, edge = sum(shape.outputs.values()), shape.hidden**-0.5
        self.out = mx.random.uniform(-edge, edge, (k, shape.hidden, outputs))
        self.out_bias = mx.zeros((k, outputs))
        self.drop = nn.Dropout(shape.dropout)
        self.freeze(keys=["mean", "scale"], recurse=False)

    def fit_scale(self, mean: mx.array, scale: mx.array) -> None:
        """Set mean and standard deviation [k x s] of the transformed scalars."""
        self.mean, self.scale = mean, mx.maximum(scale, 1e-6)

    def __call__(self, look: Look) -> dict[str, mx.array]:
        """Return logits: route [r x 4], vitality [r x 4], earliest [r x k+1], confidence [r].

        `earliest` counts candidates, its last class is full depth. `confidence` is of "the first
        token here is full depth's, and the state is no dead one".
        """
        state = mx.where(mx.isfinite(look.state), look.state, 0).astype(mx.float32)
        x = self.from_state(self.drop(self.narrow(self.norm(state))))
        x = x + self.seen(look) + self.start[look.layer]
        x = self.drop(gelu(x))
        x = self.drop(gelu(self.trunk(x)))
        widths = self.shape.outputs
        own = mx.gather_mm(x[:, None], self.out, rhs_indices=look.layer.astype(mx.uint32))[:, 0]
        own = own + self.out_bias[look.layer]
        ends = [sum(list(widths.values())[: i + 1]) for i in range(len(widths) - 1)]
        found = dict(zip(widths, mx.split(own, ends, axis=-1), strict=True))
        return found | {"confidence": found["confidence"][:, 0]}

    def seen(self, look: Look) -> mx.array:
        """Return [r x h]: the sum of what each candidate layer up to a row's own has to say.

        A layer says its standardised scalars, how many were missing, and which earlier layers named
        the same token; the sums of one position serve all its rows.
        """
        k, n = self.shape.candidates, len(look.scalars)
        there = mx.isfinite(look.scalars)
        x = (transformed(look.scalars) - self.mean) / self.scale
        x = mx.where(there, mx.clip(x, -FARTHEST, FARTHEST), 0)
        missing = 1 - there.astype(mx.float32).mean(axis=-1, keepdims=True)
        facts = mx.concatenate([x, missing, look.same * mx.tri(k, k, -1)], axis=-1)  # [p x k x f]
        parts = mx.swapaxes(facts.astype(mx.float32), 0, 1) @ self.from_facts  # [k x p x h]
        return mx.cumsum(parts, axis=0).reshape(k * n, -1)[look.layer * n + look.of]


def gelu(x: mx.array) -> mx.array:
    """Return GELU, the tanh form: it exports to Core ML as one operation, and needs no compiler."""
    return 0.5 * x * (1 + mx.tanh(0.7978845608 * (x + 0.044715 * x**3)))


def transformed(scalars: mx.array) -> mx.array:
    """Return scalars [... x s] with the wide ones as log(1 + x); what is not finite becomes 0."""
    x = mx.where(mx.isfinite(scalars), scalars, 0).astype(mx.float32)
    logged = mx.array([name in LOGGED for name in SCALARS])
    return mx.where(logged, mx.log1p(mx.maximum(x, 0)), x)


class Seeds(nn.Module):
    """Heads of one shape from several seeds, trained side by side; none sees another."""

    def __init__(self, shape: Shape, seeds: Sequence[int]) -> None:
        """Start each member with random weights of its own seed."""
        super().__init__()
        self.members: list[Heads] = []
        for seed in seeds:
            mx.random.seed(seed)
            self.members.append(Heads(shape))


def weights(model: nn.Module) -> dict[str, mx.array]:
    """Return every array of heads by name, the scale of their scalars included."""
    pairs: Any = tree_flatten(model.parameters())
    return dict(pairs)


def about(shape: Shape, identity: Identity, members: Sequence[str]) -> dict[str, Any]:
    """Return the document that stands beside the weights; `members` names each seed's part."""
    return {
        "shape": asdict(shape),
        "identity": identity.document(),
        "scalars": list(SCALARS),
        "members": list(members),
    }


def described(folder: Path) -> tuple[Shape, Identity, list[str], list[str]]:
    """Return what heads.json says: shape, model, names of members, names of scalars."""
    try:
        found = json.loads((folder / ABOUT).read_bytes())
        shape, trained = Shape(**found["shape"]), Identity.of(found["identity"])
        return shape, trained, found["members"], found["scalars"]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise AgpError(f"{folder} holds no heads ({error}); `agp train run 2` makes some") from None


def load_heads(folder: Path, given: Identity | None) -> dict[str, Heads]:
    """Return the heads in a folder by name, ready to judge states of the given model.

    AgpError, in one line, where they belong to another model; None asks nothing.
    """
    shape, trained, names, scalars = described(folder)
    if given is not None:
        refuse_foreign(f"the set of heads in {folder}", trained, given)
    if scalars != list(SCALARS):
        raise AgpError(f"the heads in {folder} read other scalars; train them anew with this agp")
    seeds = Seeds(shape, range(len(names)))
    try:
        seeds.load_weights(str(folder / WEIGHTS))
    except (OSError, RuntimeError, ValueError) as error:
        raise AgpError(f"cannot read {folder / WEIGHTS} ({error}); train it anew") from None
    seeds.eval()
    return dict(zip(names, seeds.members, strict=True))
