"""Codecs that keep every number: in the model's own type, and in bfloat16."""

import mlx.core as mx

from train.model.codecs.base import Codec, from_raw, raw


class Native(Codec):
    """The model's own bytes: what arrives is what was sent, bit for bit."""

    name = "native"

    def __init__(self, dtype: mx.Dtype = mx.float32) -> None:
        """Take the number type that the model computes in."""
        self.dtype = dtype

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return the bytes of rows."""
        return rows * columns * self.dtype.size

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return the rows' own bytes."""
        return raw(x.astype(self.dtype))

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows."""
        return from_raw(data, rows, columns, self.dtype)


class Bf16(Native):
    """bfloat16: eight bits of each number's digits, the range of float32."""

    name = "bf16"

    def __init__(self) -> None:
        """Take no choice."""
        super().__init__(mx.bfloat16)
