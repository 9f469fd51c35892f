"""Stage 4's table where the answer is known: words, probes, sparsity, stability, use."""

from dataclasses import replace

import numpy as np
import pytest

from train.eval import stage4, usefulness
from train.eval.gates import load_gates
from train.eval.resample import Groups
from train.eval.stage4 import Split
from train.eval.text_baselines import BagOfWords, Targets, fitted, logistic, standardised
from train.eval.usefulness import Positions

DICE = np.random.default_rng(0)


def split(n: int = 120) -> Split:
    """Return a split of n texts; the first label holds often enough, the second does not."""
    holds = np.zeros((n, 2))
    holds[: n // 2, 0] = holds[:5, 1] = 1
    return Split(Groups.of(range(n)), holds)


def value(measures, name):
    return next(m.estimate for m in measures if m.name == name)


def test_a_label_with_too_few_positives_has_no_part_and_none_leaves_the_gate_open():
    assert split().measured == [0]
    few = split(40)
    assert few.measured == [] and stage4.gaps(few, "semantic", {}, {}) == []
    names = {m.name for m in stage4.precision_measures(few, {"prior": [few.holds]}, "")}
    assert names == {"micro_ap.prior"}


def test_gaps_are_below_zero_where_the_projection_leads():
    of, noise = split(), DICE.normal(size=(120, 2))
    good = {"semantic": [of.holds], "bag_of_words": [noise], "dense_probe": [noise]}
    found = stage4.gaps(of, "semantic", good, good)
    gates = {g.name: g for g in load_gates(stage4.GATES).gates}
    assert [m.name for m in found] == ["ahead.bag_of_words", "ahead.dense_probe"]
    for measure in found:
        assert measure.estimate.high < 0
        assert gates[measure.name].verdict(measure.estimate) == "passed"
    worse = stage4.gaps(of, "dense_probe", good | {"semantic": [noise]}, good)
    assert gates["ahead.bag_of_words"].verdict(worse[0].estimate) != "passed"


def test_units_that_stay_are_stable_and_units_that_do_not_are_not():
    of, on = split(), DICE.random((120, 50)) < 0.08
    there = np.ones(120, bool)
    same, inverse = stage4.stability(of, [on], [on], there)
    once = np.ones((1, 120))
    assert same(once)[0] > 5 and inverse(once)[0] == pytest.approx(1 / same(once)[0])
    other, _ = stage4.stability(of, [on], [DICE.random((120, 50)) < 0.08], there)
    assert other(once)[0] == pytest.approx(1, abs=0.3)
    assert stage4.sparsity(of, [on]).estimate.value == pytest.approx(on.mean())
    nobody, _ = stage4.stability(of, [on], [on], np.zeros(120, bool))
    assert np.isnan(nobody(once)[0])


def test_seeds_that_rank_alike_agree():
    of, score = split(), DICE.normal(size=(120, 2))
    alike, apart = (stage4.agreement(of, [score, s]) for s in (2 * score, -score))
    assert alike and alike.estimate.value == pytest.approx(1)
    assert apart and apart.estimate.value == pytest.approx(-1)
    assert stage4.agreement(of, [score]) is None


def test_regressions_find_what_is_there():
    x = DICE.normal(size=(200, 5))
    truth = (x[:, :1] > 0).astype(float)
    targets = Targets(truth, np.ones_like(truth))
    judge = fitted(standardised(x)(x), targets, standardised(x)(x), targets)
    assert ((judge(standardised(x)(x)) > 0) == truth).mean() > 0.9
    texts = ["the river rose", "the river fell", "a stone fell", "a stone rose"]
    bag = BagOfWords(texts)
    river = np.array([[1.0], [1.0], [0.0], [0.0]])
    w = logistic(bag(texts), Targets(river, np.ones((4, 1))), 1e-3)
    said = bag(["river", "stone", "unknown words"]) @ w[:-1] + w[-1]
    assert said[0, 0] > said[2, 0] > said[1, 0]


def positions(seed: int, useful: bool, n: int = 400) -> Positions:
    """Return a split whose routes a feature tells, or does not; dead states are told by none."""
    dice = np.random.default_rng(seed)
    agree = dice.random((n, 2)) < 0.5
    told = agree[:, :1] * 2.0 if useful else np.zeros((n, 1))
    features = {
        "semantic": told + dice.normal(size=(n, 1)),
        "shuffled": dice.normal(size=(n, 1)),
        "untrained": dice.normal(size=(n, 1)),
    }
    m = n // 4
    return Positions(
        np.arange(n) // 4,
        dice.normal(size=(n, 2, 3)),
        agree,
        [0, 1],
        features,
        np.arange(m),
        np.full((m, 3), np.nan) if useful else dice.normal(size=(m, 3)),
        {name: dice.normal(size=(m, 1)) for name in features},
        0,
    )


@pytest.mark.parametrize("useful", [True, False])
def test_use_is_found_where_it_is_and_nowhere_else(useful: bool):
    parts = {name: positions(i, useful) for i, name in enumerate(("heads", "valid", "test"))}
    measures, use = usefulness.both_tests(parts, "test", ("semantic", "shuffled"))
    gate = next(g for g in load_gates(stage4.GATES).gates if g.name == "use")
    assert (gate.verdict(use["semantic"].estimate) == "passed") is useful
    assert gate.verdict(use["shuffled"].estimate) != "passed"
    gain = value(measures, "route.without").value - value(measures, "route.semantic").value
    assert (gain > 0.02) is useful
    assert value(measures, "use.route.semantic").n == 100


def test_without_damaged_states_only_routes_are_judged():
    parts = {name: positions(i, True) for i, name in enumerate(("heads", "valid", "test"))}
    bare = {
        name: replace(
            p,
            dead_prompts=p.dead_prompts[:0],
            dead_scalars=p.dead_scalars[:0],
            dead_features={k: v[:0] for k, v in p.dead_features.items()},
        )
        for name, p in parts.items()
    }
    measures, _ = usefulness.both_tests(bare, "test", ("semantic",))
    assert {m.name for m in measures if m.name.startswith(("dead", "use"))} == {
        "use.route.semantic"
    }
