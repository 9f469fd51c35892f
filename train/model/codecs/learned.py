"""A learned encoder and decoder: latents of a few bits each, conditioned on route and vitality.

They begin as principal components, each with as many bits as its variance earns, and learn what
components cannot: which directions the layers above read, and what depends on the context. A
latent's gain says how many steps it has; where a rate term shrinks the gain, it takes fewer bits.
"""

from collections.abc import Mapping, Sequence
from typing import Any

import mlx.core as mx
import mlx.nn as nn
import numpy as np
from mlx.utils import tree_flatten

from train.model.codecs.base import Array, Codec, numbers
from train.model.codecs.pca import Pca

CONTEXT = 8
MOST = 127.0  # magnitude of a latent
FITTED = ("mean", "basis", "scale", "gain")


class Pair(nn.Module):
    """Encoder and decoder of one role."""

    def __init__(self, fitted: Mapping[str, mx.array], hidden: int) -> None:
        """Begin at a fitted mean [w], basis [w x r], scale [r] and gain [r]."""
        super().__init__()
        self.mean, self.basis, self.scale = (fitted[n] for n in ("mean", "basis", "scale"))
        w, r = self.basis.shape
        self.encoder, self.decoder = mx.array(self.basis), mx.array(self.basis.T)
        self.gain = fitted["gain"]
        self.encode_in, self.encode_out = nn.Linear(w + CONTEXT, hidden), nn.Linear(hidden, r)
        self.decode_in, self.decode_out = nn.Linear(r + CONTEXT, hidden), nn.Linear(hidden, w)
        for layer in (self.encode_out, self.decode_out):
            layer.weight, layer.bias = mx.zeros_like(layer.weight), mx.zeros_like(layer.bias)
        self.freeze(keys=["mean", "basis", "scale"], recurse=False)

    def gains(self) -> mx.array:
        """Return the gain of each latent [r], from 0 to 1."""
        return mx.clip(mx.abs(self.gain), 0, 1)

    def kept(self) -> mx.array:
        """Return which latents [r] can be anything but zero once they are rounded."""
        return self.gains() * MOST >= 0.5

    def latents(self, x: mx.array, context: mx.array) -> mx.array:
        """Return latents [n x r] before rounding of rows x [n x w] under contexts [n x 8]."""
        x = x.astype(mx.float32) - self.mean
        size = mx.sqrt(mx.mean(mx.square(self.scale))) * MOST
        more = self.encode_out(nn.gelu(self.encode_in(mx.concatenate([x / size, context], 1))))
        z = (x @ self.encoder + more * size) / self.scale
        return mx.clip(z, -MOST, MOST) * self.gains()

    def rows(self, q: mx.array, context: mx.array) -> mx.array:
        """Return rows [n x w] of rounded latents [n x r]."""
        size = mx.sqrt(mx.mean(mx.square(self.scale))) * MOST
        y = mx.where(self.kept(), q / mx.maximum(self.gains(), 0.5 / MOST), 0) * self.scale
        more = self.decode_out(nn.gelu(self.decode_in(mx.concatenate([y / size, context], 1))))
        return y @ self.decoder + more * size + self.mean

    def __call__(self, x: mx.array, context: mx.array) -> mx.array:
        """Return what comes back of rows; the gradient goes straight through the rounding."""
        z = self.latents(x, context)
        return self.rows(z + mx.stop_gradient(mx.round(z) - z), context)

    def bits(self) -> mx.array:
        """Return how many bits a row takes: Σ log2(1 + 2 · 127 · gain)."""
        return mx.sum(mx.log2(1 + 2 * MOST * self.gains()))


class Learned(nn.Module):
    """The pairs of all roles: `h4` for states before layer 4, `kv2` for layer 2's keys, values."""

    def __init__(self, fitted: Mapping[str, mx.array], hidden: int) -> None:
        """Begin at a Pca's arrays."""
        super().__init__()
        roles = sorted({name.rsplit(".", 1)[0] for name in fitted})
        self.pairs = {slot(r): Pair({n: fitted[f"{r}.{n}"] for n in FITTED}, hidden) for r in roles}

    def __call__(self, role: str, x: mx.array, context: mx.array) -> mx.array:
        """Return what comes back of rows x [n x w] of a role under contexts [n x 8]."""
        return self.pairs[slot(role)](x, context)


class LearnedSeeds(Learned):
    """The pairs of several seeds, trained side by side; the first is the codec, none sees another.

    The first one's parameters are named as those of a `Learned`, so that they load as one.
    """

    def __init__(self, fitted: Mapping[str, mx.array], hidden: int, seeds: Sequence[int]) -> None:
        """Begin all at a Pca's arrays, each with random numbers of its own seed."""
        mx.random.seed(seeds[0])
        super().__init__(fitted, hidden)
        self.others: list[Learned] = []
        for seed in seeds[1:]:
            mx.random.seed(seed)
            self.others.append(Learned(fitted, hidden))

    @property
    def each(self) -> list[Learned]:
        """Return the pairs of every seed."""
        return [self, *self.others]


def slot(role: str) -> str:
    """Return a role's name among parameters, which may hold no dot."""
    return role.replace(".", "")


def arrays_of(model: nn.Module) -> dict[str, mx.array]:
    """Return all parameters by name, fixed ones too."""
    pairs: Any = tree_flatten(model.parameters())
    return dict(pairs)


def from_arrays(arrays: Mapping[str, mx.array], roles: list[str], hidden: int) -> Learned:
    """Return the module whose parameters these are."""
    model = Learned(components(arrays, roles), hidden)
    own = [(name, value) for name, value in arrays.items() if name.startswith("pairs.")]
    model.load_weights(own, strict=True)
    model.eval()
    return model


def seeds_of(arrays: Mapping[str, mx.array]) -> list[dict[str, mx.array]]:
    """Return the arrays of each seed in a checkpoint, named as if it stood alone."""
    others = {int(name.split(".")[1]) for name in arrays if name.startswith("others.")}
    heads = ["", *(f"others.{i}." for i in sorted(others))]
    return [
        {n.removeprefix(head): a for n, a in arrays.items() if n.startswith(f"{head}pairs.")}
        for head in heads
    ]


def components(arrays: Mapping[str, mx.array], roles: list[str]) -> dict[str, mx.array]:
    """Return the Pca's arrays that a module began at."""
    return {f"{r}.{n}": arrays[f"pairs.{slot(r)}.{n}"] for r in roles for n in FITTED}


class LearnedCodec(Codec):
    """Latents, rounded, in as many bits each as its steps need; a row is filled up to a byte."""

    name = "learned"

    def __init__(self, model: Learned, fitted: Pca) -> None:
        """Take trained pairs and the components they began at, which know the roles."""
        self.model, self.fitted = model, fitted
        self.bits = {name: Bits(numbers(pair.gains())) for name, pair in model.pairs.items()}

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return the bytes of all rows; AgpError where the pair was not trained on the role."""
        self.fitted.size(role, rows, columns)
        return rows * self.bits[slot(role)].size

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return the rounded latents."""
        rows, columns = x.shape
        self.fitted.size(role, rows, columns)
        z = self.model.pairs[slot(role)].latents(x, spread(context, rows))
        return self.bits[slot(role)].pack(numbers(mx.round(z)))

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows in float32."""
        q = mx.array(self.bits[slot(role)].unpack(data, rows))
        return self.model.pairs[slot(role)].rows(q, spread(context, rows))


class Bits:
    """Rows of small signed integers, each column in as few bits as its steps need."""

    def __init__(self, gains: Array) -> None:
        """Take the gain of each column: it holds −steps … steps, steps = round(127 · gain)."""
        self.steps = np.floor(gains * MOST + 0.5).astype(np.int64)
        widths = np.ceil(np.log2(2 * self.steps + 1)).astype(int)
        self.column = np.repeat(np.arange(len(widths)), widths)
        self.shift = np.concatenate([np.arange(w) for w in widths]).astype(np.int64)
        self.size = -(-len(self.column) // 8)

    def pack(self, q: Array) -> bytes:
        """Return the bytes of integers q [n x r], the lowest bit of the first column first."""
        up = q.astype(np.int64) + self.steps
        return np.packbits(
            up[:, self.column] >> self.shift & 1, axis=1, bitorder="little"
        ).tobytes()

    def unpack(self, data: bytes, rows: int) -> Array:
        """Return integers [n x r] as float32."""
        packed = np.frombuffer(data, np.uint8).reshape(rows, self.size)
        bits = np.unpackbits(packed, axis=1, count=len(self.column), bitorder="little")
        at: Any = (slice(None), self.column)
        up = np.zeros((rows, len(self.steps)), np.int64)
        np.add.at(up, at, bits.astype(np.int64) << self.shift)
        return (up - self.steps).astype(np.float32)


def spread(context: mx.array, rows: int) -> mx.array:
    """Return a context for every row [n x 8]."""
    return context if context.ndim == 2 else mx.broadcast_to(context[None], (rows, CONTEXT))
