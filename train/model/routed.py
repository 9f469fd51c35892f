"""A model whose tokens may leave early: layers above an exit do not run, and the cache stays right.

mlx_lm's own `generate_step` takes a `Routed` for a model and calls it token by token. What an exit
leaves undone depends on where it is:

* at the first shared layer or above, nothing: later tokens read no keys and values from there;
* one layer below, that layer's keys and values alone: they follow from the state (`_leave`);
* deeper below, everything: the state is kept, and the skipped layers run for all such tokens at
  once when a later token passes (`_join`). So every key and value is that of full depth.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import mlx.core as mx

from train.model.gemma import Gemma
from train.model.kept import last_kv
from train.model.look import Exit, Look, Policy
from train.model.stream import Stream
from train.model.work import Costs
from warehouse.errors import AgpError


@dataclass
class Step:
    """What one token took."""

    exit: int = 0  # the boundary it left at; n_layers: full depth
    layers: float = 0.0  # runs of a layer for a position, those of caught-up tokens included
    heads: float = 0.0  # times the head was read
    work: float = 0.0  # multiply-adds
    reads: float = 0.0  # weights read, once for all positions of a block

    def add(self, work: float, positions: int = 1) -> None:
        """Count some work a position, and its weights as read once."""
        self.work += work * positions
        self.reads += work


@dataclass(frozen=True)
class _Block:
    """The current token, last of the positions that stand before one layer."""

    tokens: mx.array  # [1 x m]
    stream: Stream

    @property
    def width(self) -> int:
        return self.tokens.shape[1]


@dataclass
class _Pending:
    """Tokens that left at a layer whose cache has not seen them."""

    layer: int
    tokens: list[mx.array] = field(default_factory=list)  # each [1 x m]
    h: list[mx.array] = field(default_factory=list)  # each [1 x m x d]


class Routed:
    """A Gemma with a policy; batch 1. One object generates one text."""

    def __init__(
        self, gemma: Gemma, policy: Policy, exits: Mapping[int, Exit] | None = None
    ) -> None:
        """`exits` says how a layer is read out; a layer without one is decoded as it is."""
        self.gemma, self.policy, self.exits = gemma, policy, dict(exits or {})
        check_layers(gemma, policy.layers)
        wanted = (self.exits[k].sources for k in policy.layers if k in self.exits)
        self.stops = sorted({*policy.layers, *(s for sources in wanted for s in sources)})
        self.costs = Costs(gemma)
        self.pending: list[_Pending] = []  # the shallowest last; deeper ones hold earlier tokens
        self.steps: list[Step] = []

    def prefill(self, tokens: mx.array, cache: list[Any]) -> None:
        """Fill the cache from a prompt's ids [1 x s], all but its last; the tail does not run."""
        self.gemma.run(self.gemma.start(tokens, cache), self.gemma.first_shared)
        mx.eval([c.state for c in cache])

    def __call__(self, tokens: mx.array, cache: list[Any]) -> mx.array:
        """Return logits [1 x 1 x v] after one token [1 x 1]; `steps` says what it took."""
        if tokens.shape != (1, 1):
            raise AgpError("a routed model takes one token at a time; prefill the prompt first")
        step = Step()
        block = _Block(tokens, self.gemma.start(tokens, cache))
        states: dict[int, mx.array] = {}
        look = None
        for stop in self.stops:
            block = self._advance(block, stop, step, cache)
            states[stop] = block.stream.h[:, -1:]
            if stop in self.policy.layers:
                look = Look(stop, states, self._decode, look)
                if self._accepted(look, step):
                    self._leave(block, step)
                    break
        else:
            look = None
            block = self._advance(block, self.gemma.n_layers, step, cache)
        step.exit = block.stream.layer
        self.steps.append(step)
        if look is not None:
            return look.raw_logits
        step.heads += 1
        step.add(self.costs.head)
        return self.gemma.decode(block.stream.h[:, -1:])

    def _accepted(self, look: Look, step: Step) -> bool:
        """Ask the policy, and count what its answer and the head cost."""
        accepted = self.policy.accepts(look)
        step.add(self.policy.work)
        if accepted or look.read_head:
            read = self.exits[look.layer].work if look.layer in self.exits else 0
            step.heads += 1
            step.add(self.costs.head + read)
        return accepted

    def _decode(self, layer: int, states: Mapping[int, mx.array]) -> mx.array:
        """Return the logits of a token that leaves at a layer."""
        read = self.exits.get(layer)
        return self.gemma.decode(read(states) if read else states[layer])

    def _advance(self, block: _Block, stop: int, step: Step, cache: list[Any]) -> _Block:
        """Run a block up to a boundary; tokens that wait on the way come along."""
        shared = self.gemma.first_shared
        while (at := block.stream.layer) < stop:
            if self.pending and self.pending[-1].layer == at:
                block = self._join(block, cache)
            elif at == shared and block.width > 1:
                block = self._resume(block.tokens[:, -1:], block.stream.h[:, -1:], at, cache)
            ends = [stop, *(p.layer for p in self.pending[-1:]), shared]
            end = min(e for e in ends if e > at)
            step.layers += (end - at) * block.width
            step.add(self.costs.between(at, end), block.width)
            block = replace(block, stream=self.gemma.run(block.stream, end))
        return block

    def _join(self, block: _Block, cache: list[Any]) -> _Block:
        """Put the tokens that wait before this layer in front of the block."""
        waiting = self.pending.pop()
        tokens = mx.concatenate([*waiting.tokens, block.tokens], 1)
        h = mx.concatenate([*waiting.h, block.stream.h], 1)
        return self._resume(tokens, h, waiting.layer, cache)

    def _resume(self, tokens: mx.array, h: mx.array, layer: int, cache: list[Any]) -> _Block:
        """Return a block of other positions before a layer, with the keys that the last may see."""
        kvs = {p: last_kv(cache[p], self._window(p)) for p in self.gemma.producers(layer)}
        return _Block(tokens, self.gemma.resume(tokens, h, layer, kvs, cache))

    def _window(self, layer: int) -> int | None:
        return self.gemma.window if self.gemma.kinds[layer] == "sliding" else None

    def _leave(self, block: _Block, step: Step) -> None:
        """Let the tokens of a block leave before a layer, and see to what the caches miss."""
        at, shared = block.stream.layer, self.gemma.first_shared
        if at >= shared:
            return
        if at == shared - 1:
            # mlx is lazy: of this layer only what the cache takes is ever computed
            self.gemma.run(block.stream, shared)
            mx.eval(block.stream.cache[at].state)
            step.add(self.costs.keys_and_values[at], block.width)
            return
        if not self.pending or self.pending[-1].layer != at:
            self.pending.append(_Pending(at))
        self.pending[-1].tokens.append(block.tokens)
        self.pending[-1].h.append(block.stream.h)


def check_layers(gemma: Gemma, layers: tuple[int, ...]) -> None:
    """Raise where a model has no such boundary, or they are not in order."""
    wrong = [k for k in layers if not 0 < k < gemma.n_layers]
    if wrong or list(layers) != sorted(set(layers)):
        raise AgpError(
            f"no exit before layer {', '.join(map(str, wrong or layers))}: this model has "
            f"boundaries 1 to {gemma.n_layers - 1}"
        )
