"""Scores of selective prediction against brute force, and intervals against repeated data."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from train.eval import resample, selective

decisions = st.lists(
    st.tuples(st.sampled_from([0.0, 0.1, 0.25, 0.5, 0.9, 1.0]), st.booleans()),
    min_size=1,
    max_size=12,
)


def unzip(pairs):
    return np.array([c for c, _ in pairs]), np.array([w for _, w in pairs], float)


def brute(confidence, wrong, risk):
    """Return the mean over many orders of ties of what a sorted walk gives."""
    dice, found = np.random.default_rng(0), []
    for _ in range(200):
        mixed = dice.permutation(len(confidence))
        order = mixed[np.argsort(-confidence[mixed], kind="stable")]
        found.append(risk(np.cumsum(wrong[order])))
    return np.mean(found)


@settings(max_examples=20)
@given(decisions)
def test_areas_are_those_of_a_walk_with_ties_in_any_order(pairs):
    c, w = unzip(pairs)
    n = np.arange(1, len(c) + 1)
    assert selective.aurc(c, w) == pytest.approx(
        brute(c, w, lambda errors: np.mean(errors / n)), abs=0.08
    )

    def trapezoids(errors):
        height = np.append(0, errors) / len(c)
        return np.mean((height[1:] + height[:-1]) / 2)

    assert selective.augrc(c, w) == pytest.approx(brute(c, w, trapezoids), abs=0.08)


@given(decisions)
def test_augrc_is_the_published_function_of_auroc_and_accuracy(pairs):
    c, w = unzip(pairs)
    p = w.mean()
    ranked = 0.0 if p in (0, 1) else (1 - selective.auroc(c, 1 - w)) * p * (1 - p)
    assert selective.augrc(c, w) == pytest.approx(ranked + p * p / 2)


@given(decisions)
def test_auroc_counts_pairs(pairs):
    s, p = unzip(pairs)
    above = [
        (a > b) + (a == b) / 2 for a, q in zip(s, p, strict=True) if q for b in s[p == 0].tolist()
    ]
    found = selective.auroc(s, p)
    assert np.isnan(found) if not above else found == pytest.approx(np.mean(above))


@given(decisions)
def test_the_curve_ends_at_full_coverage_with_the_error_rate(pairs):
    c, w = unzip(pairs)
    rows = selective.risk_coverage(c, w)
    assert rows[-1]["coverage"] == 1 and rows[-1]["risk"] == pytest.approx(w.mean())
    for row in rows:
        taken = c >= row["threshold"]
        assert row["coverage"] == pytest.approx(taken.mean())
        assert row["risk"] == pytest.approx(w[taken].mean())


def test_a_calibrated_forecast_has_little_error_and_a_boastful_one_much():
    dice = np.random.default_rng(0)
    p = dice.uniform(size=20_000)
    right = dice.uniform(size=20_000) < p
    assert selective.ece(p, right) < 0.015
    assert selective.ece(np.ones(20_000), right) == pytest.approx(0.5, abs=0.02)
    assert selective.brier(p, right) == pytest.approx(1 / 6, abs=0.01)
    assert {row["n"] for row in selective.reliability(p, right)} <= {1333, 1334}


@pytest.mark.parametrize("bad", [([], []), ([0.5], [0, 1]), ([float("nan")], [0])])
def test_what_cannot_be_ranked_is_refused(bad):
    with pytest.raises(ValueError, match="finite"):
        selective.aurc(*bad)


def sample(n=60, prompts=9):
    dice = np.random.default_rng(3)
    c = np.round(dice.uniform(size=n), 1)
    return c, dice.uniform(size=n) > c, dice.integers(prompts, size=n)


SCORES = {
    "aurc": (resample.aurc, selective.aurc),
    "augrc": (resample.augrc, selective.augrc),
    "auroc": (resample.auroc, selective.auroc),
    "ece": (resample.ece, selective.ece),
}


@pytest.mark.parametrize("name", SCORES)
def test_a_statistic_of_counts_is_the_score_of_repeated_prompts(name):
    statistic, score = SCORES[name]
    c, w, prompts = sample()
    groups = resample.Groups.of(prompts.tolist())
    value = statistic(c, w, groups)
    assert value(np.ones((1, groups.size)))[0] == pytest.approx(score(c, w))
    if name == "ece":  # its bins stay those of the whole sample
        return
    counts = np.random.default_rng(0).multinomial(groups.size, [1 / groups.size] * groups.size, 5)
    for row, found in zip(counts, value(counts.astype(float)), strict=True):
        again = np.repeat(np.arange(len(c)), row[groups.at])
        assert found == pytest.approx(score(c[again], w[again]))


def test_macro_f1_of_counts():
    dice = np.random.default_rng(1)
    truth, guess = dice.integers(4, size=(2, 50))
    groups = resample.Groups.of(dice.integers(6, size=50).tolist())
    value = resample.macro_f1(truth, guess, groups, 4)
    assert value(np.ones((1, groups.size)))[0] == pytest.approx(selective.macro_f1(truth, guess))


def test_pairing_sees_a_small_difference_that_two_intervals_hide():
    dice = np.random.default_rng(2)
    prompts = np.repeat(np.arange(80), 10)
    hard = np.repeat(dice.normal(size=80), 10)
    wrong = dice.uniform(size=800) < 1 / (1 + np.exp(-3 * hard))
    good = -hard + 0.5 * dice.normal(size=800)
    worse = good + 0.5 * dice.normal(size=800)
    groups = resample.Groups.of(prompts.tolist())
    one, other = (resample.augrc(c, wrong, groups) for c in (good, worse))
    assert resample.estimate(resample.minus(one, other), groups).high < 0
    assert resample.estimate(one, groups).high > resample.estimate(other, groups).low


def test_prompts_of_one_conversation_are_drawn_together():
    found = resample.Groups.of(["a", "b", "c"], ["x", "x", "y"])
    assert (found.size, found.prompts, found.at.tolist()) == (2, 3, [0, 0, 1])
