"""Inline images and files: long runs of base64 out of a record, kept once, and put back exactly.

A factored record holds, in place of a run, the byte 0xFF (which UTF-8 never has), a kind byte and
the sha-256 of what was taken out. A record that holds 0xFF of its own is left as it is.
"""

import base64
import binascii
import re
from collections import OrderedDict
from collections.abc import Callable, Iterator
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from warehouse.segments import Segments

if TYPE_CHECKING:
    import duckdb

MARK = 0xFF
BASE64, VERBATIM = (
    b"\xffb",
    b"\xffv",
)  # decoded bytes | the bytes themselves, a piece of a long line
SHORTEST = 16_384
# The look-behind and the possessive quantifier keep a run just below the threshold linear.
RUN = re.compile(rb"(?<![A-Za-z0-9+/])[A-Za-z0-9+/]{16384,}+={0,2}")
ALPHABET = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
MARKER = re.compile(rb"\xff([bv])(.{32})", re.DOTALL)
STAND_IN = "payload:"  # in parsed records: this and the sha-256 in hex, where the base64 was


def runs(line: bytes) -> Iterator[tuple[int, int]]:
    """Yield where the runs of a line begin and end, as `RUN` finds them, but quicker.

    Each covers a window at a multiple of 8,192. Most are all of a string, between two quotes, and
    so need no regular expression.

    >>> list(runs(b"words " * 9000)), list(runs(b'["' + b"x" * 20000 + b'="]'))
    ([], [(2, 20003)])
    """
    done = 0
    for window in range(0, len(line), SHORTEST // 2):
        if window < done or line[window : window + 64].translate(None, ALPHABET):
            continue
        start = max(done, line.rfind(b'"', done, window) + 1)
        end = line.find(b'"', window)
        end = len(line) if end < 0 else end
        text = line[start:end]
        rest = text.translate(None, ALPHABET)
        if rest in (b"", b"=", b"==") and text.endswith(rest) and len(text) >= SHORTEST + 2:
            yield start, end
        else:
            yield from (match.span() for match in RUN.finditer(line, start, end))
        done = end + 1


class Factory:
    """Takes runs out of lines; remembers what it has given out, within bounds."""

    def __init__(self, remember: int = 50_000) -> None:
        """Start empty; a payload beyond the last `remember` ones may be given out again."""
        self.found: list[tuple[bytes, int, bytes]] = []  # (sha-256, length, bytes), to be stored
        self.held = 0  # bytes of them
        self._known: OrderedDict[bytes, bytes | None] = OrderedDict()  # run's hash -> payload's
        self._remember = remember

    def factor(self, line: bytes) -> tuple[bytes, bytes] | None:
        """Return the line with markers, and with stand-ins for the parser; None: no run in it."""
        if len(line) < SHORTEST or not (found := list(runs(line))) or MARK in line:
            return None
        stored, parsed, at = [], [], 0
        for start, end in found:
            if digest := self._payload(line[start:end]):
                before = line[at:start]
                stored += [before, BASE64, digest]
                parsed += [before, STAND_IN.encode(), digest.hex().encode()]
                at = end
        if not stored:
            return None
        return b"".join([*stored, line[at:]]), b"".join([*parsed, line[at:]])

    def keep(self, piece: bytes) -> bytes:
        """Keep a piece verbatim and return the marker that stands for it."""
        digest = sha256(piece).digest()
        if self._learn(digest, digest):
            self._give(digest, piece)
        return VERBATIM + digest

    def _payload(self, run: bytes) -> bytes | None:
        key = sha256(run).digest()
        if key in self._known:
            self._known.move_to_end(key)
            return self._known[key]
        payload = decode(run)
        digest = sha256(payload).digest() if payload else None
        if self._learn(key, digest) and payload and digest:
            self._give(digest, payload)
        return digest

    def _give(self, digest: bytes, payload: bytes) -> None:
        self.found.append((digest, len(payload), payload))
        self.held += len(payload)

    def drain(self) -> list[tuple[bytes, int, bytes]]:
        """Return what was found since the last call."""
        found, self.found, self.held = self.found, [], 0
        return found

    def _learn(self, key: bytes, digest: bytes | None) -> bool:
        new = key not in self._known
        self._known[key] = digest
        while len(self._known) > self._remember:
            self._known.popitem(last=False)
        return new


def decode(run: bytes) -> bytes | None:
    """Decode base64, or return None where encoding it again would not give the same text."""
    try:
        payload = base64.b64decode(run, validate=True)
    except binascii.Error:
        return None
    return payload if base64.b64encode(payload) == run else None


def restore(stored: bytes, payload: Callable[[bytes], bytes]) -> bytes:
    """Return the record as it came; `payload` gives the bytes for a hash.

    >>> factory, line = Factory(), b'{"data": "' + b"QUJD" * 5000 + b'"}'
    >>> stored, _ = factory.factor(line)
    >>> taken = {digest: payload for digest, _, payload in factory.drain()}
    >>> len(stored), restore(stored, taken.__getitem__) == line
    (46, True)
    """

    def put_back(match: re.Match[bytes]) -> bytes:
        taken = payload(match.group(2))
        return base64.b64encode(taken) if match.group(1) == b"b" else taken

    return MARKER.sub(put_back, stored)


def payload_bytes(con: "duckdb.DuckDBPyConnection", digest: bytes) -> bytes:
    """Return a payload from the warehouse."""
    found = con.execute(PIECES, [digest]).fetchall()
    if not found:
        raise ValueError(f"payload {digest.hex()} is missing from the warehouse")
    return found[0][0] if len(found) == 1 else b"".join(piece for (piece,) in found)


def cut(taken: list[tuple[bytes, int, bytes]]) -> list[tuple[bytes, int, bytes]]:
    """Return payloads (sha-256, length, bytes) in pieces: (sha-256, number, bytes).

    >>> [(n, len(piece)) for _, n, piece in cut([(b"", 40_000, b"x" * 40_000)])]
    [(0, 32768), (1, 7232)]
    """
    return [
        (digest, start // PIECE, payload[start : start + PIECE])
        for digest, length, payload in taken
        for start in range(0, length, PIECE)
    ]


PIECE = 32 << 10  # bytes; the warehouse handles 2,048 values at once
PIECES = """select bytes from (
    select 0 as piece, bytes from payloads where sha256 = $1 and bytes is not null
    union all select piece, bytes from payload_pieces where sha256 = $1)
order by piece"""


class Stored(NamedTuple):
    """A record as `raw_records` holds it."""

    ordinal: int
    offset: int
    length: int
    bytes: bytes
    has_payload: bool
    reason: str | None


def stretches(con: "duckdb.DuckDBPyConnection", file_id: str) -> Iterator[Stored]:
    """Yield a file's stored records in order, reading a bounded stretch of it at a time."""
    found = con.execute("select bytes from files where file_id = ?", [file_id]).fetchall()
    at, end, segments = 0, found[0][0] if found else 0, Segments(con)
    while at < end:
        rows = con.execute(RECORDS, [file_id, at, at + STRETCH]).fetchall()
        if not rows or rows[0][1] != at:
            raise ValueError(f"file {file_id} has a hole at byte {at}")
        for ordinal, offset, length, *place, has_payload, reason in rows:
            yield Stored(ordinal, offset, length, segments.read(*place), has_payload, reason)
            at = offset + length


STRETCH = 8 << 20
RECORDS = """select ordinal, byte_offset, byte_length, segment, stored_offset, stored_length,
has_payload, reason from raw_records
where file_id = ? and byte_offset >= ? and byte_offset < ? order by byte_offset"""


def file_bytes(con: "duckdb.DuckDBPyConnection", file_id: str) -> Iterator[bytes]:
    """Yield a file's bytes in order as they were read, in pieces of bounded size."""
    for record in stretches(con, file_id):
        yield from pieces(con, record.bytes) if record.has_payload else [record.bytes]


def stand_ins(stored: bytes) -> bytes:
    """Return a factored record with the text that parsers see where a run was."""
    return MARKER.sub(lambda m: STAND_IN.encode() + m.group(2).hex().encode(), stored)


def pieces(con: "duckdb.DuckDBPyConnection", stored: bytes) -> Iterator[bytes]:
    """Yield the bytes of a factored record, a piece at a time."""
    at = 0
    for match in MARKER.finditer(stored):
        yield stored[at : match.start()]
        taken = payload_bytes(con, match.group(2))
        yield base64.b64encode(taken) if match.group(1) == b"b" else taken
        at = match.end()
    yield stored[at:]
