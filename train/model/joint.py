"""Adapters and the parts around them as one module: what moves together, and how far it went.

A joint holds a backbone whose adapters alone are trainable, and parts by role (`heads`, `depth`,
`semantic`, `codec`) that its states flow into.
"""

from collections.abc import Mapping
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import mlx.optimizers as optim
from mlx.utils import tree_flatten, tree_map

BACKBONE = "backbone"


class Members(nn.Module):
    """Modules of one kind side by side; those that are not named to move stay as they are."""

    def __init__(self, members: Mapping[str, nn.Module], still: tuple[str, ...] = ()) -> None:
        """Take modules by name; `still` names those that do not move."""
        super().__init__()
        self.members = list(members.values())
        self.names = tuple(members)
        for name, member in members.items():
            if name in still:
                member.freeze()

    def moving(self) -> list[Any]:
        """Return the members that learn."""
        return [m for m in self.members if m.trainable_parameters()]


class Joint(nn.Module):
    """A backbone and the parts around it."""

    def __init__(self, backbone: nn.Module, parts: Mapping[str, nn.Module], leaves: Any) -> None:
        """Freeze the backbone but for its adapters, whose numbers are called `leaves`."""
        super().__init__()
        backbone.freeze()
        backbone.unfreeze(keys=list(leaves), strict=False)
        self.backbone = backbone
        for role, part in parts.items():
            setattr(self, role, part)

    def moved(self) -> dict[str, mx.array]:
        """Return everything trainable by name."""
        pairs: Any = tree_flatten(self.trainable_parameters())
        return dict(pairs)


def distance(model: Joint, start: Mapping[str, mx.array]) -> mx.array:
    """Return ½ Σ (w − w₀)² over everything trainable.

    L2-SP (Li, Grandvalet & Davoine 2018, arXiv 1802.01483): who goes on from a trained model is
    drawn to where it began, not to zero.
    """
    total = mx.zeros(())
    for name, w in model.moved().items():
        total = total + mx.square(w - start[name]).sum()
    return total / 2


class Paced(optim.AdamW):
    """AdamW whose steps are a share of its own for each part: what is delicate goes slowly."""

    def __init__(self, rate: float, weight_decay: float, paces: Mapping[str, float]) -> None:
        """Take the share of each part by its name in the model; 0 holds a part still."""
        super().__init__(rate, weight_decay=weight_decay)
        self.paces = dict(paces)

    def apply_gradients(self, gradients: dict, parameters: dict) -> dict:
        """Return the parameters after a step."""
        moved: Any = super().apply_gradients(gradients, parameters)
        return {
            part: slowed(tree, parameters[part], self.paces[part]) for part, tree in moved.items()
        }


def slowed(moved: Any, before: Any, pace: float) -> Any:
    """Return a tree that went a share of its way."""
    return tree_map(lambda new, old: old + pace * (new - old), moved, before)
