"""Leaving early: logits equal an uncached run at every exit, past the window; nothing else runs."""

from dataclasses import dataclass
from typing import Any

import mlx.core as mx
import numpy as np
import pytest

from train.harness.continuation import continuation
from train.harness.policies import Always
from train.model.draft import Drafting
from train.model.gemma import Gemma
from train.model.look import Look
from train.model.routed import Routed
from train.model.work import Costs
from warehouse.errors import AgpError

PROMPT = [3, 9, 4, 1, 7, 22, 5]


@dataclass
class Told:
    """Leaves where it is told to."""

    layers: tuple[int, ...]
    exit: int = 0
    work: int = 0

    def accepts(self, look: Look) -> bool:
        return look.layer == self.exit


def reference(gemma: Gemma, ids: list[int], exit: int) -> mx.array:
    states, _ = gemma.capture(mx.array([ids]), [exit])
    return gemma.decode(states[exit])[:, -1:]


def largest_error(gemma: Gemma, exits: list[int]) -> float:
    """Route one token after another to the exits given; return how far any logit is off."""
    told = Told(tuple(range(1, gemma.n_layers)))
    routed, cache, ids, worst = Routed(gemma, told), gemma.make_cache(), list(PROMPT), 0.0
    routed.prefill(mx.array([ids[:-1]]), cache)
    for told.exit in exits:
        found = routed(mx.array([ids[-1:]]), cache)
        expected = reference(gemma, ids, told.exit)
        worst = max(worst, float(np.abs(np.array(found - expected)).max()))
        ids.append(int(np.array(expected).argmax()))
    assert [s.exit for s in routed.steps] == exits
    return worst


def test_every_exit_alone_and_then_full_depth(small_model: Any):
    gemma = Gemma(small_model)
    for exit in range(1, gemma.n_layers):
        assert largest_error(gemma, [exit] * 9 + [gemma.n_layers] * 3) < 1e-4, exit


def test_exits_in_any_order(small_model: Any):
    gemma = Gemma(small_model)
    for seed in range(4):
        exits = np.random.default_rng(seed).integers(1, gemma.n_layers + 1, 16)
        assert largest_error(gemma, [int(k) for k in exits]) < 1e-4, seed


def test_full_depth_is_mlx_lm_bit_for_bit(small_model: Any):
    gemma = Gemma(small_model)
    routed, ours, plain, ids = (
        Routed(gemma, Always()),
        gemma.make_cache(),
        gemma.make_cache(),
        PROMPT,
    )
    routed.prefill(mx.array([ids[:-1]]), ours)
    small_model(mx.array([ids[:-1]]), plain)
    for token in [ids[-1], *range(10)]:
        one = mx.array([[token]])
        assert bool(mx.all(routed(one, ours) == small_model(one, plain)))


@pytest.mark.parametrize("exit, ran", [(2, [0, 1]), (4, [0, 1, 2, 3]), (6, [0, 1, 2, 3, 4, 5])])
def test_layers_above_an_exit_do_not_run(small_gemma4: Any, exit: int, ran: list[int]):
    gemma, seen = Gemma(small_gemma4), []
    inner = gemma.call
    gemma.call = lambda at, *rest: (seen.append(at[0]), inner(at, *rest))[1]
    routed, cache = Routed(gemma, Always((exit,))), gemma.make_cache()
    routed.prefill(mx.array([PROMPT[:-1]]), cache)
    seen.clear()
    routed(mx.array([PROMPT[-1:]]), cache)
    assert seen == ran
    step, costs = routed.steps[-1], Costs(gemma)
    assert (step.layers, step.heads) == (exit, 1)
    assert step.work == costs.between(0, exit) + costs.head


def test_caught_up_tokens_are_counted(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    told = Told((2,), exit=2)
    routed, cache = Routed(gemma, told), gemma.make_cache()
    routed.prefill(mx.array([PROMPT[:-1]]), cache)
    for token in range(3):
        routed(mx.array([[token]]), cache)
    told.exit = 0
    routed(mx.array([[3]]), cache)
    # two layers alone, two with the three that waited, four of the tail alone
    assert routed.steps[-1].layers == 2 + 2 * 4 + 4
    assert [c.offset for c in cache] == [len(PROMPT) + 3] * 4


@pytest.mark.parametrize("drafts", [1, 4])
def test_a_draft_never_changes_the_text(small_model: Any, drafts: int):
    gemma = Gemma(small_model)
    expected = continuation(gemma, PROMPT, 16, set())
    for layer in range(1, gemma.n_layers):
        drafting = Drafting(gemma, layer, drafts)
        said = list(drafting.generate(PROMPT, 16))
        assert [token for token, _ in said] == expected, layer
        assert drafting.accepted <= drafting.drafted


def test_a_draft_that_is_always_right_reads_the_tail_once_a_round(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    tail: Any = gemma.layers[4:]
    for layer in tail:  # the tail adds nothing, so every draft is right
        layer.layer_scalar = mx.ones((1,))
        for norm in ("post_attention_layernorm", "post_feedforward_layernorm"):
            layer[norm].weight = mx.zeros_like(layer[norm].weight)
        layer.post_per_layer_input_norm.weight *= 0
    drafting, costs = Drafting(gemma, 4, 3), Costs(gemma)
    said = list(drafting.generate(PROMPT, 8))
    assert drafting.accepted == drafting.drafted == 6
    read = 4 * costs.between(0, 4) + costs.between(4, 8) + 4 * costs.head
    assert said[0][1].reads == read / 4


def test_a_layer_that_the_model_has_not(small_gemma4: Any):
    with pytest.raises(AgpError, match="boundaries 1 to 7"):
        Routed(Gemma(small_gemma4), Always((8,)))


def test_a_prompt_must_be_prefilled(small_gemma4: Any):
    gemma = Gemma(small_gemma4)
    with pytest.raises(AgpError, match="one token at a time"):
        Routed(gemma, Always())(mx.array([PROMPT]), gemma.make_cache())
