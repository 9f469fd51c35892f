"""What stands on the wire between two ends of a transfer, beside packets: hello, next, replies.

docs/packet.md describes it. Whatever arrives is read in pieces and up to a limit that is known
beforehand; whatever is not understood ends the connection with one line.
"""

import hashlib
import socket
import struct
from dataclasses import dataclass

import mlx.core as mx
import numpy as np

from train.model import packet
from train.model.travel import Digests
from warehouse.errors import AgpError

HELLO = struct.Struct("<4sH16s8s8s8s")
NEXT = struct.Struct("<4sI")
REPLY = struct.Struct("<BI")
TOKEN = struct.Struct("<I8s")
TOKENS, REFUSAL = 0, 1
MOST_NEXT, MOST_TEXT = 1 << 16, 1000
PIECE = 1 << 16


@dataclass(frozen=True)
class Said:
    """A token that a receiver chose, and a digest of all the logits that it chose from."""

    token: int
    digest: bytes


def logits_digest(logits: mx.array) -> bytes:
    """Return 8 bytes that differ where one bit of the logits does."""
    numbers = np.array(logits.astype(mx.float32))
    return hashlib.blake2b(numbers.tobytes(), digest_size=8).digest()


def read(connection: socket.socket, count: int) -> bytes:
    """Return the next bytes, gathered as they come; AgpError where the other end is silent."""
    found = bytearray()
    try:
        while len(found) < count:
            part = connection.recv(min(PIECE, count - len(found)))
            if not part:
                raise AgpError("the other end closed the connection; its own output says why")
            found += part
    except OSError as error:
        raise AgpError(f"the connection broke ({error}); start both ends again") from None
    return bytes(found)


def write(connection: socket.socket, data: bytes) -> None:
    """Send bytes; AgpError where nobody takes them."""
    try:
        connection.sendall(data)
    except OSError as error:
        raise AgpError(f"the connection broke ({error}); start both ends again") from None


def hello(session: bytes, digests: Digests) -> bytes:
    """Return what a receiver says first: the session's number, and which model it has."""
    names = (bytes.fromhex(d) for d in digests.named)
    return HELLO.pack(b"AGPH", packet.VERSION, session, *names)


def read_hello(connection: socket.socket, digests: Digests) -> bytes:
    """Return the session's number; AgpError where the receiver is no agp or has another model."""
    magic, version, session, *names = HELLO.unpack(read(connection, HELLO.size))
    if magic != b"AGPH" or version != packet.VERSION:
        raise AgpError("no `agp transfer serve` of this version answers there; see the port")
    for what, ours, theirs in zip(
        ("model", "adapter", "tokenizer"), digests.named, names, strict=True
    ):
        if ours != theirs.hex():
            raise AgpError(
                f"the receiver has {what} {theirs.hex()}, this end {ours}; load the same"
            )
    return session


def read_request(connection: socket.socket, largest: int) -> bytes | int | None:
    """Return a packet's bytes, how many tokens are wanted next, or None where nothing follows."""
    try:
        first = connection.recv(1)
    except OSError as error:
        raise AgpError(f"the connection broke ({error}); start both ends again") from None
    if not first:
        return None
    head = first + read(connection, NEXT.size - 1)
    if head[:4] == b"NEXT":
        count = NEXT.unpack(head)[1]
        if count > MOST_NEXT:
            raise packet.refuse(f"{count:,} tokens are wanted at once; ask for {MOST_NEXT:,}")
        return count
    if head[:4] == packet.MAGIC:
        head += read(connection, packet.HEAD.size - len(head))
    return head + read(connection, packet.size_of(head, largest) - len(head))


def reply(said: list[Said]) -> bytes:
    """Return tokens as they are sent back."""
    return REPLY.pack(TOKENS, len(said)) + b"".join(TOKEN.pack(s.token, s.digest) for s in said)


def refusal(text: str) -> bytes:
    """Return why a packet was not taken, as it is sent back."""
    line = text.encode()[:MOST_TEXT]
    return REPLY.pack(REFUSAL, len(line)) + line


def read_reply(connection: socket.socket) -> list[Said]:
    """Return the tokens of a reply; AgpError with the receiver's words where it refused."""
    kind, count = REPLY.unpack(read(connection, REPLY.size))
    if kind == REFUSAL and count <= MOST_TEXT:
        raise AgpError(f"the receiver says: {read(connection, count).decode(errors='replace')}")
    if kind != TOKENS or count > MOST_NEXT:
        raise AgpError("what came back is no reply of `agp transfer serve`; see the port")
    data = read(connection, count * TOKEN.size)
    return [Said(*pair) for pair in TOKEN.iter_unpack(data)]
