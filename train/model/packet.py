"""A packet: where a generation stands before one layer, as bytes, and back.

docs/packet.md has each byte. Reading trusts nothing: every length is held against the bytes there
are before anything is made, so a damaged packet costs no more than its own size. Which session,
model and shapes a packet belongs to is judged by who receives it (`train.model.receiver`).
"""

import hashlib
import struct
from collections.abc import Sequence
from dataclasses import dataclass

from warehouse.errors import AgpError

MAGIC, VERSION = b"AGPK", 1
HEAD = struct.Struct("<4sHH8s8s8s16sIIIHBB4s4sBBBBI")
ENTRY = struct.Struct("<BBHIIII")
CHECKSUM = 8  # bytes of BLAKE2b at the end
LARGEST = 1 << 30  # bytes
MOST_TOKENS, MOST_TENSORS = 1 << 20, 128
DTYPES = ("float32", "float16", "bfloat16")
HIDDEN, KEYS_VALUES = 0, 1
NOBODY = "0" * 16  # the digest of no adapter
UNKNOWN = (0, 0, 0, 0)


@dataclass(frozen=True)
class Tensor:
    """Rows of one kind, as a codec wrote them."""

    kind: int  # HIDDEN or KEYS_VALUES
    layer: int  # before it (hidden), or of it (keys and values)
    start: int  # position of the first row
    rows: int
    columns: int  # of what was encoded, not of `data`
    data: bytes


@dataclass(frozen=True)
class Packet:
    """Everything that a receiver needs to go on from one layer."""

    model: str  # 16 hex digits each
    adapter: str
    tokenizer: str
    session: bytes  # 16, given by the receiver
    sequence: int  # 0, 1, 2, … in a session
    start: int  # position of the first token
    tokens: tuple[int, ...]
    split: int
    codec: int
    dtype: str
    tensors: tuple[Tensor, ...]
    route: Sequence[int] = UNKNOWN  # probabilities of the four actions, in 255ths
    vitality: Sequence[int] = UNKNOWN  # of the four classes
    whole: bool = False  # keys and values of every lower layer: the receiver goes on alone


def pack(packet: Packet) -> bytes:
    """Return a packet's bytes."""
    size = HEAD.size + ENTRY.size * len(packet.tensors)
    names = (bytes.fromhex(d) for d in (packet.model, packet.adapter, packet.tokenizer))
    head = HEAD.pack(
        MAGIC,
        VERSION,
        size,
        *names,
        packet.session,
        packet.sequence,
        packet.start,
        len(packet.tokens),
        packet.split,
        packet.codec,
        DTYPES.index(packet.dtype),
        bytes(packet.route),
        bytes(packet.vitality),
        len(packet.tensors),
        int(packet.whole),
        id_bytes(packet.tokens),
        0,
        sum(len(t.data) for t in packet.tensors),
    )
    entries = (
        ENTRY.pack(t.kind, 0, t.layer, t.start, t.rows, t.columns, len(t.data))
        for t in packet.tensors
    )
    width = id_bytes(packet.tokens)
    ids = b"".join(token.to_bytes(width, "little") for token in packet.tokens)
    return signed(b"".join([head, *entries, ids, *(t.data for t in packet.tensors)]))


def id_bytes(tokens: Sequence[int]) -> int:
    """Return how many bytes a token id takes, 2 to 4: as many as the largest needs.

    >>> id_bytes([1535]), id_bytes([3, 262143])
    (2, 3)
    """
    return max(2, (max(tokens).bit_length() + 7) // 8)


def signed(body: bytes) -> bytes:
    """Return a body with its checksum: it finds damage, not forgery."""
    return body + hashlib.blake2b(body, digest_size=CHECKSUM).digest()


def refuse(why: str) -> AgpError:
    """Return the error of a packet that is not taken."""
    return AgpError(f"packet refused: {why}")


def size_of(head: bytes, largest: int = LARGEST) -> int:
    """Return how long a packet is, from its first bytes; AgpError where it may not be so long."""
    return _read_head(head, largest)[1]


def _read_head(data: bytes, largest: int) -> tuple[tuple, int]:
    """Return the fixed part's fields and the packet's length; AgpError where they are wrong."""
    if data[: len(MAGIC)] != MAGIC[: len(data)]:
        raise refuse("its first bytes are not AGPK; send what `agp transfer send` writes")
    if len(data) >= 6 and (version := int.from_bytes(data[4:6], "little")) != VERSION:
        raise refuse(f"it is of version {version}, this agp reads {VERSION}; use one agp for both")
    if len(data) < HEAD.size:
        raise refuse(f"it ends after {len(data)} bytes, inside its header; send it again")
    fields = HEAD.unpack_from(data)
    size, tokens = fields[2], fields[9]
    tensors, flags, width, spare, payload = fields[15:]
    if size != HEAD.size + ENTRY.size * tensors or flags > 1 or spare or width not in (2, 3, 4):
        raise refuse("its header contradicts itself; send it again")
    if not 0 < tokens <= MOST_TOKENS or not 0 < tensors <= MOST_TENSORS:
        raise refuse(f"it names {tokens} tokens and {tensors} tensors; send a smaller one")
    total = size + width * tokens + payload + CHECKSUM
    if total > largest:
        raise refuse(f"it says that it is {total:,} bytes long, more than {largest:,}")
    return fields, total


def unpack(data: bytes, largest: int = LARGEST) -> Packet:
    """Return the packet that these bytes are; AgpError, in one line, for any other bytes."""
    fields, total = _read_head(data, largest)
    if len(data) != total:
        raise refuse(f"it is {len(data):,} bytes long instead of {total:,}; send it again")
    body, checksum = data[:-CHECKSUM], data[-CHECKSUM:]
    if hashlib.blake2b(body, digest_size=CHECKSUM).digest() != checksum:
        raise refuse("its checksum is wrong, it was damaged on the way; send it again")
    _, _, size, model, adapter, tokenizer, session, sequence, start, n, split = fields[:11]
    codec, dtype, route, vitality, _, flags, width = fields[11:18]
    if dtype >= len(DTYPES):
        raise refuse(f"its number type {dtype} is unknown; use one agp for both")
    return Packet(
        model.hex(),
        adapter.hex(),
        tokenizer.hex(),
        session,
        sequence,
        start,
        _tokens(data[size : size + width * n], width),
        split,
        codec,
        DTYPES[dtype],
        _tensors(body, size, size + width * n),
        tuple(route),
        tuple(vitality),
        bool(flags),
    )


def _tokens(data: bytes, width: int) -> tuple[int, ...]:
    """Return token ids of so many bytes each."""
    return tuple(int.from_bytes(data[i : i + width], "little") for i in range(0, len(data), width))


def _tensors(body: bytes, end: int, payload: int) -> tuple[Tensor, ...]:
    """Return the tensors of a table that ends at `end`; their bytes begin at `payload`."""
    found = []
    for kind, spare, layer, start, rows, columns, length in ENTRY.iter_unpack(
        body[HEAD.size : end]
    ):
        if kind not in (HIDDEN, KEYS_VALUES) or spare or not rows or not columns:
            raise refuse("its table of tensors is wrong; send it again")
        if payload + length > len(body):
            raise refuse("a tensor reaches behind its end; send it again")
        data = body[payload : payload + length]
        found.append(Tensor(kind, layer, start, rows, columns, data))
        payload += length
    if payload != len(body):
        raise refuse("its tensors do not fill it; send it again")
    return tuple(found)
