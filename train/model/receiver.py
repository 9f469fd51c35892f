"""The receiving end: a packet's bytes in, the next token's logits out, or a refusal in one line.

It runs the layers from the split on, and keeps the cache entries of its own layers and those that
they read of lower ones. What it computes is what one process would have computed: with the codec
`native`, bit for bit.
"""

from collections.abc import Mapping

import mlx.core as mx
import numpy as np

from train.model.codecs import NUMBERS
from train.model.codecs.base import Codec
from train.model.gemma import Gemma
from train.model.packet import HIDDEN, KEYS_VALUES, LARGEST, Packet, refuse, unpack
from train.model.stream import Kv
from train.model.travel import (
    Digests,
    before,
    from_rows,
    hidden_rows,
    kv_columns,
    lower,
    only_last,
    ratios,
    reach,
)
from warehouse.errors import AgpError


class Receiver:
    """The end that runs the layers from the split on, and says which token comes next."""

    def __init__(
        self,
        gemma: Gemma,
        digests: Digests,
        codecs: Mapping[str, Codec],
        session: bytes,
        largest: int = LARGEST,
        longest: int = 1 << 17,
    ) -> None:
        """Await packets of a session of at most `longest` positions, `largest` bytes each."""
        self.gemma, self.digests, self.session = gemma, digests, session
        self.codecs = {NUMBERS[name]: codec for name, codec in codecs.items()}
        self.largest, self.longest = largest, longest
        self.dtype = str(gemma.backbone.norm.weight.dtype).removeprefix("mlx.core.")
        self.cache, self.position, self.sequence = gemma.make_cache(), 0, 0
        self.split: int | None = None
        self.alone = False  # every cache entry is here: no further packet is needed

    def accept(self, data: bytes) -> mx.array:
        """Return the next token's logits [v]; AgpError, and nothing changed, for a bad packet."""
        packet = unpack(data, self.largest)
        self._is_ours(packet)
        self._is_due(packet)
        with np.errstate(all="ignore"):  # what a forged scale makes of numbers is refused below
            found = self._decoded(packet)
        h, rows = found[0], dict(zip([t.layer for t in packet.tensors[1:]], found[1:], strict=True))
        logits = self.gemma.decode(self._above(packet, h, rows)[:, -1:])[0, 0]
        self.split, self.alone = packet.split, packet.whole
        self.position, self.sequence = self.position + len(packet.tokens), self.sequence + 1
        return logits

    def next(self, token: int) -> mx.array:
        """Return the logits [v] after one more token, without a packet: the receiver goes alone."""
        if not self.alone:
            raise AgpError("the caches of the lower layers were not sent; send a whole packet")
        return self.gemma.logits(mx.array([[token]]), self.cache)[0, -1]

    def _is_ours(self, packet: Packet) -> None:
        """Raise unless the packet is of this very model and session."""
        given = (packet.model, packet.adapter, packet.tokenizer)
        names = ("model", "adapter", "tokenizer")
        for what, a, b in zip(names, given, self.digests.named, strict=True):
            if a != b:
                raise refuse(f"it is of {what} {a}, this receiver has {b}; load the same {what}")
        if packet.session != self.session:
            raise refuse("it belongs to another session; begin one with this receiver")
        if packet.dtype != self.dtype:
            raise refuse(f"it was computed in {packet.dtype}, this receiver uses {self.dtype}")
        if packet.codec not in self.codecs:
            raise refuse(f"its codec {packet.codec} is not loaded here; use native or int8")
        if max(packet.tokens) >= self.gemma.config.vocab_size:
            raise refuse(f"token {max(packet.tokens)} is none of this model's")

    def _is_due(self, packet: Packet) -> None:
        """Raise unless the packet is the next one of the session."""
        if (packet.sequence, packet.start) != (self.sequence, self.position):
            raise refuse(
                f"it is number {packet.sequence} at position {packet.start}, but number "
                f"{self.sequence} at {self.position} is due; each is taken once, in order"
            )
        if packet.split > self.gemma.n_layers or self.split not in (None, packet.split):
            raise refuse(f"it is split at layer {packet.split}, which is not this session's")
        if self.alone or (packet.whole and self.sequence):
            raise refuse("the whole of a generation is handed over once, in its first packet")
        if self.position + len(packet.tokens) > self.longest:
            raise refuse(f"more than {self.longest:,} positions; start a new session")

    def _expected(self, packet: Packet) -> list[tuple[int, int, int, int]]:
        """Return (kind, layer, rows, columns) of the tensors that this packet must hold."""
        n, width = len(packet.tokens), self.gemma.config.hidden_size
        states = (HIDDEN, packet.split, hidden_rows(self.gemma, packet.split, n), width)
        layers = lower(self.gemma, packet.split, packet.whole)
        g = self.gemma
        return [states, *((KEYS_VALUES, i, reach(g, i, n), kv_columns(g, i)) for i in layers)]

    def _decoded(self, packet: Packet) -> list[mx.array]:
        """Return the rows of each tensor; AgpError unless each is what the split calls for."""
        codec, context = self.codecs[packet.codec], ratios((packet.route, packet.vitality))
        end = packet.start + len(packet.tokens)
        shapes = [(t.kind, t.layer, t.rows, t.columns) for t in packet.tensors]
        starts = [t.start + t.rows for t in packet.tensors]
        if shapes != self._expected(packet) or any(s != end for s in starts):
            raise refuse(f"its tensors are not those of a split at layer {packet.split}")
        found = []
        for t in packet.tensors:
            role = f"{'h' if t.kind == HIDDEN else 'kv'}.{t.layer}"
            if len(t.data) != codec.size(role, t.rows, t.columns):
                raise refuse(f"{role} has {len(t.data):,} bytes, not those of its shape and codec")
            x = codec.decode(role, t.data, t.rows, t.columns, context)
            if not mx.isfinite(x).all():
                raise refuse(f"{role} is not finite; the sender's state is broken")
            found.append(x.astype(getattr(mx, self.dtype)))
        return found

    def _above(self, packet: Packet, h: mx.array, rows: dict[int, mx.array]) -> mx.array:
        """Take keys and values into the caches, run the upper layers; return h at the end."""
        n, split, gemma = len(packet.tokens), packet.split, self.gemma
        read, offset = gemma.producers(split), mx.array(self.position)
        kvs: dict[int, Kv] = {}
        for layer, x in rows.items():
            keys, values = from_rows(gemma, layer, before(x, n))
            kept = self.cache[layer].update_and_fetch(keys, values)
            if layer in read:
                kvs[layer] = (kept, offset)
        tokens = mx.array([list(packet.tokens)])
        stream = gemma.resume(tokens, before(h, n)[None], split, kvs, self.cache)
        stream = gemma.run(stream, max(split, gemma.first_shared))
        if self.sequence == 0 or n > 1:
            stream = only_last(gemma, stream, n)
        return gemma.run(stream, gemma.n_layers).h
