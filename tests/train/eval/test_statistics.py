"""Intervals that hold what they promise."""

import numpy as np
import pytest

from train.eval.statistics import paired_difference, weighted_mean


def test_pairing_removes_what_prompts_have_in_common():
    r = np.random.default_rng(1)
    hard = r.normal(100, 50, 80)
    found = paired_difference(list(hard - 1), list(hard), [10] * 80)
    assert found.value == pytest.approx(-0.1)
    assert found.high < 0


def test_interval_covers_the_truth_about_as_often_as_it_says():
    r = np.random.default_rng(2)
    hits = 0
    for i in range(200):
        found = weighted_mean(r.normal(0.3, 1, 60), np.ones(60), seed=i)
        hits += found.low <= 0.3 <= found.high
    assert 0.90 <= hits / 200 <= 0.98


def test_long_prompts_weigh_by_their_tokens():
    assert weighted_mean([10.0, 0.0], [90, 10]).value == pytest.approx(0.1)


def test_nothing_to_measure_is_an_error():
    with pytest.raises(ValueError, match="no prompt"):
        weighted_mean([], [])
