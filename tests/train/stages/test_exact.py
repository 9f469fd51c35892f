"""Tail and head on supervised positions change nothing: loss and gradients are plain mlx_lm's."""

from typing import Any

import mlx.core as mx
import mlx.nn as nn
import pytest
from mlx.utils import tree_flatten, tree_map

from train.model.gemma import Gemma
from train.stages import adapters
from train.stages.batches import make
from train.stages.layerwise import Layerwise
from train.stages.losses import sft_loss
from train.stages.samples import Sample
from train.stages.settings import Settings
from train.stages.stage1 import chosen_settings

SAMPLES = [
    Sample([(7 * i + k) % 64 for i in range(n)], sorted({1, n // 2, n - 1}), 1.0)
    for k, n in enumerate((5, 13, 21, 9))
]


def chosen(*changes: str) -> Settings:
    return chosen_settings(("blocks=all", "rank=2", *changes))


def with_adapters(model: Any, config: Settings) -> Gemma:
    gemma = Gemma(model)
    adapters.attach(model, list(gemma.layers), config)
    mx.random.seed(3)
    model.update(  # lora_b is zero at first, which would hide half of the gradients
        tree_map(lambda w: w + 0.1 * mx.random.normal(w.shape), model.trainable_parameters())
    )
    return gemma


def gradients(model: Any, loss: Any) -> tuple[float, dict[str, mx.array]]:
    value, tree = nn.value_and_grad(model, loss)()
    pairs: Any = tree_flatten(tree)
    return float(value), dict(pairs)


def largest(a: dict[str, mx.array], b: dict[str, mx.array]) -> float:
    """Return the largest difference of two gradients, against the largest entry."""
    assert a.keys() == b.keys()
    scale = max(float(mx.abs(w).max()) for w in a.values())
    return max(float(mx.abs(a[k] - b[k]).max()) for k in a) / scale


def plain(model: Any) -> Any:
    """Return the loss as anyone would write it: the whole model, then the mask."""

    def loss() -> mx.array:
        total = mx.array(0.0)
        for sample in SAMPLES:
            logits = model(mx.array([sample.ids]))[0]
            for t in sample.targets:
                total = total + nn.losses.cross_entropy(logits[t - 1], mx.array(sample.ids[t]))
        return total

    return loss


@pytest.mark.parametrize("method", ["lora", "dora"])
@pytest.mark.parametrize("batching", ["rows", "pack"])
def test_loss_and_gradients(small_model: Any, method: str, batching: str):
    gemma = with_adapters(small_model, chosen(f"method={method}"))
    gemma.call = Layerwise(False)
    expected, reference = gradients(small_model, plain(small_model))
    batch = make(SAMPLES, batching)
    value, ours = gradients(small_model, lambda: sft_loss(gemma, batch))
    assert abs(value - expected) < 1e-5 * expected
    assert largest(ours, reference) < 1e-5


def test_the_end_of_a_long_pack(small_gemma4: Any):
    """Each sample of a pack is turned as if it stood alone, so its place in the pack is no matter.

    Turned on from where the one before ended, this gradient is off by 1e-4.
    """
    gemma = with_adapters(small_gemma4, chosen())
    filler = Sample([i % 64 for i in range(400)], [1], 0.0)
    expected, reference = gradients(small_gemma4, plain(small_gemma4))
    batch = make([filler, *SAMPLES], "pack")
    value, ours = gradients(small_gemma4, lambda: sft_loss(gemma, batch))
    assert abs(value - expected) < 1e-5 * expected
    assert largest(ours, reference) < 1e-5


def test_chunks_of_the_head(small_gemma4: Any):
    gemma = with_adapters(small_gemma4, chosen())
    batch = make(SAMPLES, "rows")
    whole, one = gradients(small_gemma4, lambda: sft_loss(gemma, batch))
    parts, many = gradients(small_gemma4, lambda: sft_loss(gemma, batch, head_positions=5))
    assert abs(whole - parts) < 1e-4
    assert largest(one, many) < 1e-5


@pytest.mark.parametrize("dropout", [0.0, 0.5])
def test_recomputing_layers_changes_no_gradient(small_model: Any, dropout: float):
    """mlx's own checkpoint draws dropout anew in the backward pass: half the gradient is wrong."""
    gemma = with_adapters(small_model, chosen(f"dropout={dropout}"))
    small_model.train()
    batch, found = make(SAMPLES, "rows"), []
    for checkpoint in (False, True):
        gemma.call = Layerwise(checkpoint)
        found.append(gradients(small_model, lambda: sft_loss(gemma, batch)))
    assert found[0][0] == found[1][0]
    assert largest(found[0][1], found[1][1]) < 1e-6


def test_dropout_differs_between_steps(small_gemma4: Any):
    gemma = with_adapters(small_gemma4, chosen("dropout=0.5"))
    small_gemma4.train()
    gemma.call = layers = Layerwise(False)
    losses = []
    for layers.seed in (1, 2, 1):
        losses.append(sft_loss(gemma, make(SAMPLES, "rows")).item())
    assert losses[0] == losses[2] != losses[1]


def test_blocks_that_are_not_chosen_stay(small_gemma4: Any):
    gemma = with_adapters(small_gemma4, chosen_settings(("blocks=1,6", "rank=2")))
    names = adapters.weights(gemma.model)
    assert {name.split(".")[2] for name in names} == {"1", "6"}
