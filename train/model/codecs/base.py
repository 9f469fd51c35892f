"""What a codec is, and how numbers become bytes."""

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import mlx.core as mx
import numpy as np

Array = np.ndarray[Any, Any]


class Codec(ABC):
    """Rows [n x w] of one role to bytes and back, each row for itself.

    A role is `h.K`, states before layer K, or `kv.L`, keys and values of layer L side by side.
    The length of the bytes is known from n and w alone, so a receiver can check it beforehand.
    """

    name: ClassVar[str]

    @abstractmethod
    def size(self, role: str, rows: int, columns: int) -> int:
        """Return how many bytes rows take; AgpError where the codec does not know the role."""

    @abstractmethod
    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return the bytes of rows x [n x w]; `context` [8] is of route and vitality, 0 to 1."""

    @abstractmethod
    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows [n x w] of bytes as long as `size` says."""

    def round_trip(self, role: str, x: mx.array, context: mx.array) -> mx.array:
        """Return what a receiver makes of rows x [n x w], in their own number type."""
        data, (rows, columns) = self.encode(role, x, context), x.shape
        return self.decode(role, data, rows, columns, context).astype(x.dtype)


def numbers(x: mx.array) -> Array:
    """Return an array as float32 numbers."""
    return np.array(x.astype(mx.float32))


def raw(x: mx.array) -> bytes:
    """Return an array's own bytes, little-endian."""
    return np.array(mx.contiguous(x).view(mx.uint8)).tobytes()


def from_raw(data: bytes, rows: int, columns: int, dtype: mx.Dtype) -> mx.array:
    """Return rows [n x w] from their own bytes."""
    return mx.array(np.frombuffer(data, np.uint8).reshape(rows, -1)).view(dtype)


def to_bf16(x: Array) -> Array:
    """Return the 16 bits of each number as bfloat16, rounded to the nearest."""
    return np.array(mx.array(x.astype(np.float32)).astype(mx.bfloat16).view(mx.uint16))


def from_bf16(bits: Array) -> Array:
    """Return float32 numbers from the bits of bfloat16."""
    return (bits.astype(np.uint32) << 16).view(np.float32)
