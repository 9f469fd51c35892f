"""Average precision: as scikit-learn has it, and drawing a prompt twice is repeating its rows."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.eval.ranking import macro_precision, micro_precision
from train.eval.resample import Groups

ONCE = np.ones((1, 12))


def brute(score: np.ndarray, good: np.ndarray) -> float:
    """Return average precision by its definition."""
    total = 0.0
    for threshold in np.unique(score):
        taken, above = score >= threshold, score > threshold
        total += (good[taken].sum() - good[above].sum()) * good[taken].mean()
    return total / good.sum()


@given(st.lists(st.tuples(st.integers(0, 4), st.integers(0, 1)), min_size=12, max_size=12))
def test_it_is_the_definition_whatever_the_ties_and_the_draw(rows):
    score, good = np.array(rows, float).T
    groups = Groups.of(range(12))
    counts = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), 5).astype(float)
    found = macro_precision(score[:, None], good[:, None], [0], groups)(counts)
    for value, drawn in zip(found, counts.astype(int), strict=True):
        again = np.repeat(score, drawn), np.repeat(good, drawn)
        if again[1].sum():
            assert value == pytest.approx(brute(*again))
        else:
            assert np.isnan(value)


def test_who_says_the_same_of_all_gets_the_share_of_positives():
    holds = np.zeros((12, 2))
    holds[:3, 0] = holds[:6, 1] = 1
    groups, flat = Groups.of(range(12)), np.zeros((12, 2))
    assert macro_precision(flat, holds, [0, 1], groups)(ONCE)[0] == pytest.approx(0.375)
    assert micro_precision(flat, holds, groups)(ONCE)[0] == pytest.approx(0.375)
    assert macro_precision(holds, holds, [0, 1], groups)(ONCE)[0] == 1


def test_labels_that_nobody_can_tell_are_left_out():
    holds = np.array([[1.0], [0.0], [np.nan]] * 4)
    score = np.array([[2.0], [1.0], [9.0]] * 4)
    groups = Groups.of(range(12))
    assert macro_precision(score, holds, [0], groups)(ONCE)[0] == 1
    assert micro_precision(score, holds, groups)(ONCE)[0] == 1
