"""Two processes that share one generation: `serve` runs the upper layers, `send` the lower ones.

They meet on this machine's loopback. A session is a connection: the receiver draws its number, so
a packet recorded in one is worth nothing in another.
"""

import secrets
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx

from train.hosts import wire
from train.model.codecs import BUILTIN
from train.model.codecs.base import Codec
from train.model.codecs.plain import Native
from train.model.digest import model_digest, tokenizer_digest, weights_digest
from train.model.gemma import Gemma
from train.model.load import load, model_folder
from train.model.receiver import Receiver
from train.model.sender import Judge, Sender
from train.model.travel import Digests
from train.stages.fitted import fitted_codecs
from train.stages.routing_policy import live_judge
from warehouse.errors import AgpError

HOST = "127.0.0.1"
IDLE = 120.0  # seconds without a byte
LARGEST = 1 << 28  # bytes of a packet that a receiver takes


@dataclass(frozen=True)
class End:
    """A loaded model and what it can read."""

    gemma: Gemma
    tokenizer: Any
    digests: Digests
    codecs: Mapping[str, Codec]
    judge: Judge | None = None  # of the states that are sent

    @property
    def ends(self) -> set[int]:
        """Return the tokens that end a turn."""
        found = getattr(self.tokenizer, "eos_token_ids", None)
        return set(found or {self.tokenizer.eos_token_id})


def load_end(
    model: str, adapter: Path | None, trained: Path | None = None, heads: Path | None = None
) -> End:
    """Load a model and, when named, an adapter's folder and that of codecs trained for both.

    `heads`, a run of stage 2, judges every state that is sent: the context of its packet.
    """
    loaded, tokenizer = load(model, adapter)
    folder = model_folder(model)
    named = weights_digest(adapter / "adapters.safetensors") if adapter else None
    digests = Digests(model_digest(folder), named, tokenizer_digest(folder))
    gemma = Gemma(loaded)
    codecs: dict[str, Codec] = {name: kind() for name, kind in BUILTIN.items()}
    codecs["native"] = Native(gemma.backbone.norm.weight.dtype)
    if trained:
        codecs |= fitted_codecs(trained, digests)
    judge = live_judge(heads, gemma, model, adapter) if heads else None
    return End(gemma, tokenizer, digests, codecs, judge)


def listen(port: int) -> socket.socket:
    """Return a listening socket on this machine alone; port 0 takes any that is free."""
    try:
        return socket.create_server((HOST, port))
    except (OSError, OverflowError) as error:
        raise AgpError(f"cannot listen on port {port} ({error}); give another --port") from None


def serve(server: socket.socket, end: End, sessions: int, log: Callable[[str], None]) -> None:
    """Answer one session after another, `sessions` of them (0: until ended)."""
    done = 0
    while not sessions or done < sessions:
        connection, _ = server.accept()
        with connection:
            connection.settimeout(IDLE)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            try:
                answer(connection, end)
            except AgpError as error:
                log(error.message)
        done += 1


def answer(connection: socket.socket, end: End) -> None:
    """Answer one session to its end; AgpError, told to the other end too, for a bad packet."""
    session = secrets.token_bytes(16)
    receiver = Receiver(end.gemma, end.digests, end.codecs, session, LARGEST)
    wire.write(connection, wire.hello(session, end.digests))
    said: list[wire.Said] = []
    while True:
        try:
            request = wire.read_request(connection, LARGEST)
            if request is None:
                return
            if isinstance(request, bytes):
                said = [choose(receiver.accept(request))]
            else:
                said = go_on(receiver, said, request, end.ends)
        except AgpError as error:
            wire.write(connection, wire.refusal(error.message))
            raise
        wire.write(connection, wire.reply(said))


def go_on(
    receiver: Receiver, before: list[wire.Said], count: int, ends: set[int]
) -> list[wire.Said]:
    """Return up to `count` further tokens that a receiver says alone."""
    if not before:
        raise AgpError("nothing was handed over yet; send a packet first")
    said = [before[-1]]
    while len(said) <= count and said[-1].token not in ends:
        said.append(choose(receiver.next(said[-1].token)))
    return said[1:]


def choose(logits: mx.array) -> wire.Said:
    """Return the greedy token of logits [v]."""
    best: Any = mx.argmax(logits).item()
    return wire.Said(int(best), wire.logits_digest(logits))


@dataclass(frozen=True)
class Sent:
    """What a session said, and what it cost."""

    said: list[wire.Said]
    sizes: list[int]  # bytes of each request


@dataclass(frozen=True)
class Way:
    """How a generation is shared."""

    split: int
    codec: str = "native"
    alone: bool = False  # hand the whole generation over in the first packet
    length: int = 32
    wait: float = 0.0  # seconds for the receiver to appear


def connect(port: int, wait: float = 0.0) -> socket.socket:
    """Return a connection to a receiver on this machine, tried for so many seconds."""
    until = time.monotonic() + wait
    while True:
        try:
            connection = socket.create_connection((HOST, port), timeout=IDLE)
            break
        except (OSError, OverflowError) as error:
            if time.monotonic() >= until:
                raise AgpError(
                    f"nobody listens on port {port} ({error}); start `agp transfer serve` first"
                ) from None
            time.sleep(0.2)
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return connection


def send(port: int, end: End, ids: Sequence[int], way: Way) -> Sent:
    """Continue a prompt together with the receiver at a port; return what was said."""
    if way.codec not in end.codecs:
        raise AgpError(f"no codec {way.codec!r}; there are {', '.join(end.codecs)}")
    with connect(port, way.wait) as connection:
        session = wire.read_hello(connection, end.digests)
        codec = end.codecs[way.codec]
        sender = Sender(end.gemma, end.digests, way.split, codec, session, end.judge)
        sizes: list[int] = []
        said: list[wire.Said] = []
        for data in requests(sender, ids, way, said, end.ends):
            wire.write(connection, data)
            said += wire.read_reply(connection)
            sizes.append(len(data))
    return Sent(said, sizes)


def requests(
    sender: Sender, ids: Sequence[int], way: Way, said: list[wire.Said], ends: set[int]
) -> Iterator[bytes]:
    """Yield what is sent next; `said` grows in between."""
    yield sender.packet(ids, whole=way.alone)
    if way.alone and way.length > 1 and said[-1].token not in ends:
        yield wire.NEXT.pack(b"NEXT", way.length - 1)
    while not way.alone and len(said) < way.length and said[-1].token not in ends:
        yield sender.packet([said[-1].token])


def in_one_place(end: End, ids: Sequence[int], length: int) -> list[wire.Said]:
    """Return what the whole model says by itself: what every session is compared with."""
    cache = end.gemma.make_cache()
    said = [choose(end.gemma.prefill(mx.array([list(ids)]), cache)[0])]
    while len(said) < length and said[-1].token not in end.ends:
        said.append(choose(end.gemma.logits(mx.array([[said[-1].token]]), cache)[0, -1]))
    return said
