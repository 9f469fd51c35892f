"""The byte loop: an open file in, records out, such that every byte belongs to exactly one of them.

A line ends at `\\n` and nowhere else. What `json` can read at all is read (see `loose`); what
it cannot is a record with a reason. Nothing is dropped.
"""

from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import Any, BinaryIO, NamedTuple

import orjson

from lanes.sources.loose import readable_parts
from warehouse.payloads import Factory

LONGEST = 256 << 20  # a longer line is quarantined by size, and never held in memory
PIECE = 4 << 20  # ... but kept in pieces of this size
SCAN = 8 << 20  # a line longer than this is measured before it is read


class Record(NamedTuple):
    """A stretch of a file: parsed, or with the reason why not."""

    offset: int
    length: int
    sha256: bytes
    stored: bytes  # the bytes, with markers where payloads were taken out
    has_payload: bool
    parsed: Any  # None: it could not be read
    reason: str | None


def records(
    file: BinaryIO, size: int, payloads: Factory, seen: Callable[[bytes], None], settled: bool
) -> Iterator[Record | None]:
    """Yield the records between a file's position and `size`.

    `seen` is called with all the bytes yielded, in order, before the record they belong to. A last
    line without its end is left for later, unless it is whole or the file is `settled`. None comes
    round a very long line: what has gathered may be written now.
    """
    offset = file.tell()
    while offset < size:
        line = file.readline(min(SCAN, size - offset))
        if line[-1:] != b"\n":
            length = line_length(file, len(line), size - offset)
            if length > LONGEST:
                if offset + length < size or settled:
                    yield from long_record(file, offset, length, payloads, seen)
                offset += length
                continue
            if length > len(line):
                file.seek(offset)
                line = file.read(length)
            if line[-1:] != b"\n" and not (settled or complete(line)):
                return
        seen(line)
        yield from line_records(line, offset, payloads)
        offset += len(line)


def line_records(line: bytes, offset: int, payloads: Factory) -> Iterator[Record]:
    """Yield the records of a line: one, if it is the JSON object that it should be."""
    if line[:1] == b"{":
        factored = payloads.factor(line)
        stored, plain = factored or (line, line)
        try:
            parsed = orjson.loads(plain)
        except orjson.JSONDecodeError:
            pass
        else:
            digest = sha256(line).digest()
            yield Record(offset, len(line), digest, stored, factored is not None, parsed, None)
            return
    for start, end, parsed, reason in readable_parts(line, first=offset == 0):
        part = line[start:end]
        factored = payloads.factor(part)
        if factored and parsed is not None:
            _, _, parsed, reason = next(readable_parts(factored[1], first=offset + start == 0))
        digest, stored = sha256(part).digest(), factored[0] if factored else part
        yield Record(
            offset + start, len(part), digest, stored, factored is not None, parsed, reason
        )


def complete(line: bytes) -> bool:
    """Say whether a line without its end is a whole object already.

    >>> complete(b'{"a": 1}'), complete(b'{"a": 1'), complete(b"4")
    (True, False, False)
    """
    return all(reason is None for _, _, _, reason in readable_parts(line))


def line_length(file: BinaryIO, have: int, limit: int) -> int:
    """Return the length of a line of which `have` bytes are read already, holding none of it."""
    while have < limit:
        piece = file.readline(min(PIECE, limit - have))
        have += len(piece)
        if not piece or piece[-1:] == b"\n":
            break
    return have


def long_record(
    file: BinaryIO, offset: int, length: int, payloads: Factory, seen: Callable[[bytes], None]
) -> Iterator[Record | None]:
    """Keep a line that is too long to parse, piece by piece, and yield its record at the end."""
    yield None
    file.seek(offset)
    digest, stored, left = sha256(), [], length
    while left:
        piece = file.read(min(PIECE, left))
        if not piece:
            raise OSError("the file became shorter while it was read")
        seen(piece)
        digest.update(piece)
        stored.append(payloads.keep(piece))
        left -= len(piece)
        if payloads.held >= 2 * PIECE:
            yield None
    reason = f"line of {length >> 20} MB, longer than {LONGEST >> 20} MB"
    yield Record(offset, length, digest.digest(), b"".join(stored), True, None, reason)


def whole_record(
    file: BinaryIO, size: int, payloads: Factory, seen: Callable[[bytes], None], as_text: bool
) -> Iterator[Record | None]:
    """Yield the one record of a file that is one: tool output as text, or a document of JSON."""
    start = file.tell()
    if size - start > LONGEST:
        yield from long_record(file, start, size - start, payloads, seen)
    elif data := file.read(size - start):
        seen(data)
        stored, plain = payloads.factor(data) or (data, data)
        parsed, reason = plain.decode("utf-8", "replace"), None
        if not as_text:
            parts = list(readable_parts(plain, first=True))
            _, _, parsed, reason = parts[0] if len(parts) == 1 else (0, 0, None, "not one object")
        yield Record(
            start, len(data), sha256(data).digest(), stored, stored is not data, parsed, reason
        )
