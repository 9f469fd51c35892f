"""A capture's states for stage 3: the rows of one split, of the boundaries that are wanted."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.harness.shards import read_shard
from warehouse.errors import AgpError


@dataclass(frozen=True)
class DepthRows:
    """States {boundary: h [n x d]}; the last boundary is full depth."""

    states: dict[int, mx.array]

    @property
    def n(self) -> int:
        """Return how many rows there are."""
        return next(iter(self.states.values())).shape[0]

    def take(self, at: np.ndarray) -> dict[int, mx.array]:
        """Return some rows of every boundary."""
        rows = mx.array(at)
        return {k: h[rows] for k, h in self.states.items()}


def read_rows(folder: Path, facts: dict[str, Any], split: str, layers: Sequence[int]) -> DepthRows:
    """Read a split's states shard by shard; only the boundaries asked for stay in memory."""
    parts: dict[int, list[mx.array]] = {k: [] for k in layers}
    for note in facts["shards"]:
        at = np.flatnonzero(np.repeat(note["splits"], note["lengths"]) == split)
        if len(at):
            rows, chosen = read_shard(folder, note), mx.array(at)
            for k in layers:
                parts[k].append(rows[f"h.{k}"][chosen])
            mx.eval([found[-1] for found in parts.values()])
    if not next(iter(parts.values())):
        raise AgpError(
            f"{folder.name} holds no prompt of the {split} split; "
            "`agp train capture --splits heads,valid` captures what stage 3 needs"
        )
    return DepthRows({k: mx.concatenate(found) for k, found in parts.items()})
