"""Dropping layers: the other way to run fewer of them. Token ids in, final states out.

What is dropped is one run of neighbouring layers, as in "the unreasonable ineffectiveness of the
deeper layers" (arXiv 2403.17887); layers whose keys and values later ones read cannot go.
"""

from collections.abc import Iterator
from dataclasses import replace

import mlx.core as mx

from train.model.gemma import Gemma


def droppable(gemma: Gemma, count: int) -> Iterator[range]:
    """Yield every run of `count` neighbouring layers that the model can do without."""
    for start in range(gemma.n_layers - count + 1):
        gone = range(start, start + count)
        kept = [i for i in range(gemma.n_layers) if i not in gone]
        if all(gemma.sources[i] == i or gemma.sources[i] not in gone for i in kept):
            yield gone


def without(gemma: Gemma, tokens: mx.array, gone: range) -> mx.array:
    """Return the final state [b x s x d] of token ids [b x s] where some layers do not run."""
    stream = gemma.run(gemma.start(tokens), gone.start)
    return gemma.run(replace(stream, layer=gone.stop), gemma.n_layers).h
