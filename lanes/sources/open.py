"""Opening a file as its lines are: a compressed one is unpacked on the way. Path in, bytes out."""

import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from lanes.sources.files import SourceFile

BLOCK = 1 << 20


class Stat(NamedTuple):
    """How large a file is, unpacked and on disk, and when it was written."""

    size: int
    on_disk: int
    mtime_ns: int
    cut: bool = False  # a compressed file that ends too early or is damaged


@contextmanager
def opened(file: SourceFile) -> Iterator[tuple[BinaryIO, Stat]]:
    """Give a file's bytes and its stat, both as of now."""
    with open(file.on_disk, "rb", buffering=BLOCK) as source:
        stat = os.fstat(source.fileno())
        if not file.compressed:
            yield source, Stat(stat.st_size, stat.st_size, stat.st_mtime_ns)
            return
        with tempfile.TemporaryFile() as plain:
            cut = unpack(source, plain)
            size = plain.tell()
            plain.seek(0)
            yield plain, Stat(size, stat.st_size, stat.st_mtime_ns, cut)


def unpack(source: BinaryIO, plain: BinaryIO) -> bool:
    """Write what a zstd file holds, as far as it can be read; say whether it ends too early."""
    import pyarrow as pa

    try:
        with pa.CompressedInputStream(source, "zstd") as stream:
            while piece := stream.read(BLOCK):
                plain.write(piece)
    except (OSError, pa.ArrowInvalid):
        return True
    return False
