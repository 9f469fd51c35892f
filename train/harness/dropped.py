"""Dropping layers: the other way to run fewer of them. Token ids in, final states out.

What is dropped is one run of neighbouring layers, as in "the unreasonable ineffectiveness of the
deeper layers" (arXiv 2403.17887); layers whose keys and values later ones read cannot go.
"""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import mlx.core as mx

from train.model.gemma import Gemma
from train.model.stream import Stream


def droppable(gemma: Gemma, count: int) -> Iterator[range]:
    """Yield every run of `count` neighbouring layers that the model can do without."""
    for start in range(gemma.n_layers - count + 1):
        gone = range(start, start + count)
        kept = [i for i in range(gemma.n_layers) if i not in gone]
        if all(gemma.sources[i] == i or gemma.sources[i] not in gone for i in kept):
            yield gone


def before_layers(gemma: Gemma, tokens: mx.array) -> list[Stream]:
    """Return the stream of token ids [b x s] before every layer; none runs until it is asked for.

    All ways to drop layers share what runs before them.
    """
    streams = [gemma.start(tokens)]
    for k in range(1, gemma.n_layers + 1):
        streams.append(gemma.run(streams[-1], k))
    return streams


def without(gemma: Gemma, streams: Sequence[Stream], gone: range) -> mx.array:
    """Return the final state [b x s x d] where some layers do not run."""
    return gemma.run(replace(streams[gone.start], layer=gone.stop), gemma.n_layers).h
