"""A prompt and its continuation through a split: rows coded and decoded, the upper layers resumed.

All positions of a continuation in one pass: a row is coded for itself, so this is what packets, one
a token, would bring.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import mlx.core as mx

from train.model.gemma import Gemma
from train.model.stream import Kv, Stream
from train.model.travel import as_rows, from_rows

Coder = Callable[[str, mx.array], mx.array]  # (role, rows [n x w]) → rows as they arrive


@dataclass(frozen=True)
class Halfway:
    """A sequence that stands before a layer."""

    split: int
    stream: Stream
    positions: mx.array  # [1 x p] whose next token counts
    rows: dict[str, mx.array]  # role → what travels, [n x w]


def halfway(gemma: Gemma, ids: Sequence[int], at: Sequence[int], split: int) -> Halfway:
    """Run the lower layers of a sequence; only positions `at` from the shared tail on."""
    positions = mx.array([list(at)])
    first = gemma.first_shared
    stream = gemma.run(gemma.start(mx.array([list(ids)])), min(split, first))
    if split >= first and first < gemma.n_layers:
        stream = gemma.run(gemma.take(stream, positions), split)
    rows = {f"h.{split}": stream.h[0]}
    for layer in gemma.producers(split):
        if layer in stream.kvs:
            rows[f"kv.{layer}"] = as_rows(*stream.kvs[layer][0])
    return Halfway(split, stream, positions, rows)


def coded(half: Halfway, coder: Coder) -> dict[str, mx.array]:
    """Return the rows as they arrive at the other end."""
    return {role: coder(role, x) for role, x in half.rows.items()}


def logits(gemma: Gemma, half: Halfway, rows: dict[str, mx.array]) -> mx.array:
    """Return float32 logits [p x v] that the upper layers make of arrived rows."""
    return gemma.decode(final(gemma, half, rows)).astype(mx.float32)


def final(gemma: Gemma, half: Halfway, rows: dict[str, mx.array]) -> mx.array:
    """Return the final states [p x d] that the upper layers make of arrived rows."""
    kvs: dict[int, Kv] = dict(half.stream.kvs)
    for role, x in rows.items():
        kind, _, layer = role.partition(".")
        if kind == "kv":
            kvs[int(layer)] = (from_rows(gemma, int(layer), x), half.stream.kvs[int(layer)][1])
    stream = replace(half.stream, h=rows[f"h.{half.split}"][None], kvs=kvs)
    first = gemma.first_shared
    if half.split < first:
        stream = gemma.run(stream, first)
        if first < gemma.n_layers:
            stream = gemma.take(stream, half.positions)
    h = gemma.run(stream, gemma.n_layers).h
    if first == gemma.n_layers:
        h = mx.take_along_axis(h, half.positions[..., None], 1)
    return h[0]
