"""The sending end of a packet: token ids in, the lower layers run, bytes out."""

from collections.abc import Mapping, Sequence
from typing import Protocol

import mlx.core as mx

from train.model.codecs import NUMBERS
from train.model.codecs.base import Codec
from train.model.gemma import Gemma
from train.model.packet import HIDDEN, KEYS_VALUES, UNKNOWN, Packet, Tensor, pack
from train.model.stream import Stream
from train.model.travel import (
    Context,
    Digests,
    hidden_rows,
    lower,
    newest,
    only_last,
    ratios,
    reach,
)
from warehouse.errors import AgpError


class Judge(Protocol):
    """What says of a state, on its way up, how far it is to be trusted."""

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the boundaries that it reads, in order."""
        ...

    def __call__(self, split: int, states: Mapping[int, mx.array]) -> Context:
        """Return the context of the last position, from its h [1 x 1 x d] at boundaries ≤ split."""
        ...


class Sender:
    """The end that runs layers 0 to `split`."""

    def __init__(
        self,
        gemma: Gemma,
        digests: Digests,
        split: int,
        codec: Codec,
        session: bytes,
        judge: Judge | None = None,
    ) -> None:
        """Begin a session under the number that the receiver drew."""
        if not 0 <= split <= gemma.n_layers:
            raise AgpError(f"split {split}: this model can be split at 0 to {gemma.n_layers}")
        self.gemma, self.digests, self.split = gemma, digests, split
        self.codec, self.session, self.judge = codec, session, judge
        self.cache, self.start, self.sequence = gemma.make_cache(), 0, 0
        self.seen: dict[int, mx.array] = {}  # the last position's states that the judge reads

    def packet(self, tokens: Sequence[int], whole: bool = False) -> bytes:
        """Run the lower layers for the tokens that follow; return where they lead, as bytes.

        `whole` sends what the receiver needs to go on alone: keys and values of every lower layer.
        """
        n = len(tokens)
        stream = self._below(tokens)
        h = stream.h[0, -hidden_rows(self.gemma, self.split, n) :]
        judge, seen = self.judge, self.seen
        context = judge(self.split, seen) if judge else (UNKNOWN, UNKNOWN)
        given = [(HIDDEN, self.split, f"h.{self.split}", h)]
        for layer in lower(self.gemma, self.split, whole):
            rows = newest(self.cache[layer], reach(self.gemma, layer, n))
            given.append((KEYS_VALUES, layer, f"kv.{layer}", rows))
        made = pack(
            Packet(
                *self.digests.named,
                self.session,
                self.sequence,
                self.start,
                tuple(tokens),
                self.split,
                NUMBERS[self.codec.name],
                str(h.dtype).removeprefix("mlx.core."),
                tuple(self._tensor(*one, context) for one in given),
                *context,
                whole,
            )
        )
        self.start, self.sequence = self.start + n, self.sequence + 1
        return made

    def _tensor(self, kind: int, layer: int, role: str, x: mx.array, context: Context) -> Tensor:
        """Return rows as the packet holds them; the last row is that of the last token."""
        if not mx.isfinite(x).all():
            raise AgpError(f"{role} is not finite; the model or its input is broken, nothing sent")
        data = self.codec.encode(role, x, ratios(context))
        first = self.cache_end() - len(x)
        rows, columns = x.shape
        return Tensor(kind, layer, first, rows, columns, data)

    def cache_end(self) -> int:
        """Return the position behind the tokens that were run last."""
        return self.start + self.ran

    def _below(self, tokens: Sequence[int]) -> Stream:
        """Run the lower layers; in the shared tail for the last position alone."""
        self.ran = len(tokens)
        stream = self.gemma.start(mx.array([list(tokens)]), self.cache)
        stream = self._run(stream, min(self.split, self.gemma.first_shared))
        if self.split >= self.gemma.first_shared:
            if self.sequence == 0 or len(tokens) > 1:
                stream = only_last(self.gemma, stream, len(tokens))
            stream = self._run(stream, self.split)
        return stream

    def _run(self, stream: Stream, stop: int) -> Stream:
        """Run up to a boundary; keep what the judge reads on the way."""
        for layer in self.judge.layers if self.judge else ():
            if stream.layer <= layer <= stop:
                stream = self.gemma.run(stream, layer)
                self.seen[layer] = stream.h[:, -1:]
        return self.gemma.run(stream, stop)
