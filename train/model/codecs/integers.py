"""Codecs of small integers and their scales: a row's eight bits, outliers apart, groups of four."""

import mlx.core as mx
import numpy as np

from train.model.codecs.base import Array, Codec, from_bf16, numbers, to_bf16

GROUP = 16  # numbers that share a scale in four bits
SHARE = 64  # one outlier for so many columns


def scaled(x: Array, most: int) -> tuple[Array, Array]:
    """Return (bits of the bfloat16 scale [n], integers [n x w] of at most ±`most`) of rows."""
    bits = to_bf16(np.abs(x).max(axis=1) / most)
    scale = from_bf16(bits)
    safe = np.where(scale > 0, scale, 1)[:, None]
    return bits, np.clip(np.rint(x / safe), -most, most).astype(np.int8)


class Int8(Codec):
    """A scale for each row (largest magnitude / 127, bfloat16), then a signed byte a number."""

    name = "int8"

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return 2 + w bytes a row."""
        return rows * (2 + columns)

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return all scales, then all bytes."""
        bits, values = scaled(numbers(x), 127)
        return bits.tobytes() + values.tobytes()

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows in float32."""
        scale = from_bf16(np.frombuffer(data, "<u2", rows))
        values = np.frombuffer(data, np.int8, offset=2 * rows).reshape(rows, columns)
        return mx.array(values * scale[:, None])


class Int8Outliers(Codec):
    """As int8, but the largest of every 64 numbers of a row are kept apart, in bfloat16.

    They no longer widen the scale of all others (LLM.int8, Dettmers et al. 2022, arXiv 2208.07339).
    """

    name = "int8o"

    @staticmethod
    def kept(columns: int) -> int:
        """Return how many numbers of a row are kept apart."""
        return max(1, columns // SHARE)

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return 2 + w + 4 an outlier bytes a row."""
        return rows * (2 + columns + 4 * self.kept(columns))

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return the outliers' columns, their values, the scales, the bytes."""
        rest = numbers(x)
        at = np.argsort(-np.abs(rest), axis=1, kind="stable")[:, : self.kept(rest.shape[1])]
        values = to_bf16(np.take_along_axis(rest, at, 1))
        np.put_along_axis(rest, at, 0.0, 1)
        return (
            at.astype("<u2").tobytes()
            + values.tobytes()
            + Int8().encode(role, mx.array(rest), context)
        )

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows in float32; a column that there is not counts as the last."""
        kept = self.kept(columns)
        count = rows * kept
        at = np.frombuffer(data, "<u2", count).reshape(rows, kept).astype(np.int64)
        values = from_bf16(np.frombuffer(data, "<u2", count, 2 * count)).reshape(rows, kept)
        rest = np.array(Int8().decode(role, data[4 * count :], rows, columns, context))
        np.put_along_axis(rest, np.minimum(at, columns - 1), values, 1)
        return mx.array(rest)


class Int4(Codec):
    """Groups of 16: a scale each (largest magnitude / 7, bfloat16), half a byte a number."""

    name = "int4"

    @staticmethod
    def groups(columns: int) -> int:
        """Return how many groups a row has; the last is filled up with zeros."""
        return -(-columns // GROUP)

    def size(self, role: str, rows: int, columns: int) -> int:
        """Return 10 bytes a group."""
        return rows * self.groups(columns) * (2 + GROUP // 2)

    def encode(self, role: str, x: mx.array, context: mx.array) -> bytes:
        """Return all scales, then all halves, the first number in the lower one."""
        rows, columns = x.shape
        filled = np.zeros((rows, self.groups(columns) * GROUP), np.float32)
        filled[:, :columns] = numbers(x)
        bits, values = scaled(filled.reshape(-1, GROUP), 7)
        halves = values.view(np.uint8) & 15
        return bits.tobytes() + (halves[:, ::2] | halves[:, 1::2] << 4).tobytes()

    def decode(
        self, role: str, data: bytes, rows: int, columns: int, context: mx.array
    ) -> mx.array:
        """Return the rows in float32."""
        count = rows * self.groups(columns)
        scale = from_bf16(np.frombuffer(data, "<u2", count))
        packed = np.frombuffer(data, np.uint8, offset=2 * count).reshape(count, -1)
        halves = np.stack([packed & 15, packed >> 4], axis=2).reshape(count, GROUP)
        values = (halves.astype(np.int8) ^ 8) - 8  # the sign of four bits
        return mx.array((values * scale[:, None]).reshape(rows, -1)[:, :columns])
