"""All modules of a stage-3 run: several seeds, rivals and a control, each with one module an exit.

On disk: `depth.safetensors`, and `depth.json` with their shape and the model they belong to.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import mlx.nn as nn
from mlx.utils import tree_flatten

from train.model.depth import DepthRouting, Place
from train.model.depth_rivals import ExtraBlock, LearnedAffine
from train.model.identity import Identity
from warehouse.errors import AgpError

WEIGHTS, ABOUT = "depth.safetensors", "depth.json"
AFFINE, BLOCK, CONTROL = "learned affine", "extra block", "shuffled"
OTHERS = (AFFINE, BLOCK, CONTROL)


@dataclass(frozen=True)
class Shape:
    """What a set is made of."""

    places: tuple[Place, ...]
    seeds: tuple[int, ...]
    rank: int

    @property
    def names(self) -> tuple[str, ...]:
        """Return the members in order: seeds, then rivals and the control."""
        return (*map(str, self.seeds), *OTHERS)

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the exits in order."""
        return tuple(p.layer for p in self.places)

    def document(self) -> dict[str, Any]:
        """Return it as JSON holds it."""
        exits = {str(p.layer): list(p.sources) for p in self.places}
        width = self.places[0].width
        return {"exits": exits, "seeds": list(self.seeds), "rank": self.rank, "width": width}


def shape_of(document: dict[str, Any]) -> Shape:
    """Return a shape from its document."""
    places = tuple(
        Place(int(k), tuple(sources), document["width"]) for k, sources in document["exits"].items()
    )
    return Shape(places, tuple(document["seeds"]), document["rank"])


class DepthSet(nn.Module):
    """Members by name; `member(name)[i]` is the module of the i-th exit."""

    def __init__(self, shape: Shape) -> None:
        """Make all members fresh, each from its own key."""
        super().__init__()
        self.shape = shape
        self.members = [self._member(name, i) for i, name in enumerate(shape.names)]

    def _member(self, name: str, number: int) -> list[Any]:
        seed = self.shape.seeds[number] if number < len(self.shape.seeds) else number
        keys = mx.random.split(mx.random.key(seed), len(self.shape.places))
        places = self.shape.places
        if name == AFFINE:
            return [LearnedAffine(p) for p in places]
        if name == BLOCK:
            return [ExtraBlock(p, key) for p, key in zip(places, keys, strict=True)]
        return [DepthRouting(p, self.shape.rank, key) for p, key in zip(places, keys, strict=True)]

    def member(self, name: str) -> list[Any]:
        """Return a member's modules, an exit each."""
        return self.members[self.shape.names.index(name)]


def weights(depth: nn.Module) -> dict[str, mx.array]:
    """Return all weights by name."""
    pairs: Any = tree_flatten(depth.parameters())
    return dict(pairs)


def about(shape: Shape, identity: Identity) -> dict[str, Any]:
    """Return what depth.json says."""
    return {"shape": shape.document(), "identity": identity.document()}


def load_depth(folder: Path) -> tuple[DepthSet, Identity]:
    """Return a set from a folder, and the model it belongs to; AgpError where it is not whole."""
    try:
        document = json.loads((folder / ABOUT).read_bytes())
        made, identity = DepthSet(shape_of(document["shape"])), Identity.of(document["identity"])
        found: Any = mx.load(str(folder / WEIGHTS))
        wanted = weights(made)
        if {k: v.shape for k, v in wanted.items()} != {k: v.shape for k, v in found.items()}:
            raise ValueError(f"{WEIGHTS} does not fit {ABOUT}")
        made.load_weights(list(found.items()))
    except (OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        raise AgpError(f"{folder} holds no whole depth module ({error})") from None
    made.eval()
    return made, identity


def thirds(n_layers: int) -> Sequence[int]:
    """Return the boundaries at a third, half and two thirds of the depth.

    >>> thirds(8), thirds(35)
    ([3, 4, 5], [12, 18, 23])
    """
    third = n_layers / 3
    return [round(third), round(n_layers / 2 + 1e-9), round(2 * third)]
