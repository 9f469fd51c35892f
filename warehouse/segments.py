"""Segments: the bytes of neighbouring records, packed together. Bytes in, frames out, and back.

A transcript repeats itself from record to record, so many records pack better than each alone, and
faster than any column of the warehouse does. A frame is zstd's own format. The warehouse handles
2,048 values at once, so that frames of megabytes would not fit into an ingest's memory: a record
that is longer than a segment goes on in the next ones.
"""

from collections import OrderedDict
from collections.abc import Sequence
from itertools import accumulate
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    import duckdb

FULL = 128 << 10  # bytes of records in a segment; in an older warehouse a long record makes more
LEVEL = 1  # level 3 takes a third longer for a twentieth less
KEEP = 16  # segments kept unpacked while records are read in order


class Place(NamedTuple):
    """Where a record's bytes begin, and how many they are."""

    segment: int
    offset: int  # in the unpacked segment
    length: int


class Packer:
    """Takes the bytes of records and gives them places in segments numbered from 0."""

    def __init__(self) -> None:
        """Start empty."""
        self.packed: list[tuple[int, int, bytes]] = []  # (segment, unpacked length, frame)
        self._open: list[bytes] = []
        self._length = 0

    def add(self, data: bytes) -> Place:
        """Put bytes behind those before."""
        place, at = Place(len(self.packed), self._length, len(data)), 0
        while at < len(data):
            piece = data[at : at + FULL - self._length]
            self._open.append(piece)
            self._length += len(piece)
            at += len(piece)
            if self._length >= FULL:
                self._pack()
        return place

    def add_all(self, data: Sequence[bytes]) -> list[Place]:
        """Put records behind those before, as `add` does one by one."""
        first = self.add(b"".join(data))
        ends = accumulate(map(len, data), initial=first.segment * FULL + first.offset)
        return [Place(*divmod(at, FULL), len(one)) for at, one in zip(ends, data, strict=False)]

    def drain(self) -> list[tuple[int, int, bytes]]:
        """Return all segments and begin anew."""
        if self._open:
            self._pack()
        packed, self.packed = self.packed, []
        return packed

    def _pack(self) -> None:
        self.packed.append((len(self.packed), self._length, pack(b"".join(self._open))))
        self._open, self._length = [], 0


def pack(data: bytes) -> bytes:
    """Return bytes as a zstd frame.

    >>> unpack(pack(b"words " * 1000), 6000) == b"words " * 1000
    True
    """
    import pyarrow as pa

    return pa.Codec("zstd", LEVEL).compress(data, asbytes=True)


def unpack(frame: bytes, length: int) -> bytes:
    """Return what was packed; ValueError where the frame is damaged."""
    import pyarrow as pa

    try:
        return pa.decompress(frame, decompressed_size=length, codec="zstd", asbytes=True)
    except (OSError, pa.ArrowException) as error:
        raise ValueError(f"a segment cannot be unpacked: {error}") from None


class Segments:
    """Reads records out of the warehouse's segments; the last few stay unpacked."""

    def __init__(self, con: "duckdb.DuckDBPyConnection") -> None:
        """Read by this connection."""
        self._con = con
        self._unpacked: OrderedDict[int, bytes] = OrderedDict()

    def read(self, segment: int, offset: int, length: int) -> bytes:
        """Return a record's stored bytes; ValueError where they are missing or damaged."""
        found = self._whole(segment)[offset : offset + length]
        if len(found) == length:
            return found
        parts = [found]
        while length := length - len(parts[-1]):
            segment += 1
            parts.append(self._whole(segment)[:length])
        return b"".join(parts)

    def _whole(self, segment: int) -> bytes:
        if segment not in self._unpacked:
            self._unpacked[segment] = self._fetch(segment)
            if len(self._unpacked) > KEEP:
                self._unpacked.popitem(last=False)
        return self._unpacked[segment]

    def _fetch(self, segment: int) -> bytes:
        query = "select bytes, unpacked_length from segments where segment = ?"
        found = self._con.execute(query, [segment]).fetchall()
        if not found:
            raise ValueError(f"segment {segment} is missing from the warehouse")
        return unpack(*found[0])
