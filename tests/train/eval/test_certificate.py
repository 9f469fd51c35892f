"""Certificates: the promise is kept over a thousand draws; too little data gets none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.eval import policy
from train.eval.certificate import P_VALUES, Promise, certify, needed
from train.eval.resample import Groups
from warehouse.errors import AgpError

METHODS = sorted(P_VALUES)


@pytest.fixture(scope="module")
def world():
    """Return (thresholds, losses of 20,000 prompts): a prompt of ten positions and three layers.

    How much a score is worth differs from prompt to prompt, as it does in life.
    """
    dice = np.random.default_rng(0)
    n, m, k = 20_000, 10, 3
    score = dice.uniform(size=(n * m, k))
    boast = np.repeat(dice.uniform(0.15, 0.5, size=n), m)[:, None]
    wrong = dice.uniform(size=(n * m, k)) < boast * (1 - score)
    thresholds = np.linspace(0.99, 0.5, 50).tolist()
    groups = Groups.of(np.repeat(np.arange(n), m).tolist())
    return thresholds, policy.losses(score, wrong, groups, thresholds)


@pytest.mark.parametrize("method", METHODS)
def test_the_promise_is_broken_at_most_one_time_in_ten(world, method):
    thresholds, losses = world
    truth = losses.mean(axis=0)
    assert truth[0] < 0.05 < truth[-1], "a world in which the wrong threshold can be chosen"
    dice = np.random.default_rng(1)
    chosen = []
    for _ in range(1_000):
        some = losses[dice.integers(len(losses), size=120)]
        found = certify(some, thresholds, Promise(method=method)).threshold
        chosen.append(-1 if found is None else thresholds.index(found))
    broken = np.mean([c >= 0 and truth[c] > 0.05 for c in chosen])
    assert broken <= 0.10
    assert np.mean([c >= 0 for c in chosen]) > 0.5, "a promise that is never made is kept easily"


@pytest.mark.parametrize("method", METHODS)
def test_too_few_prompts_are_refused_with_the_number_needed(method):
    promise = Promise(method=method)
    least = needed(promise)
    found = certify(np.zeros((1, 2)), [0.9, 0.5], promise)
    assert found.threshold is None and f"at least {least} are needed" in found.reason
    assert certify(np.zeros((least - 1, 2)), [0.9, 0.5], promise).threshold is None
    assert certify(np.zeros((least, 2)), [0.9, 0.5], promise).threshold == 0.5


def test_one_that_always_errs_gets_nothing():
    found = certify(np.ones((100, 2)), [0.9, 0.5], Promise())
    assert found.threshold is None and "100.0% of what it accepts is wrong" in found.reason


def test_the_sequence_stops_at_the_first_threshold_that_cannot_be_shown():
    losses = np.zeros((100, 3))
    losses[:, 1] = 0.5  # the third is right again, and never looked at
    found = certify(losses, [0.9, 0.5, 0.1], Promise())
    assert (found.threshold, found.tested, found.risk) == (0.9, 2, 0.0)


@pytest.mark.parametrize(
    "losses, thresholds, said",
    [
        (np.full((60, 1), np.nan), [0.5], "no number"),
        (np.full((60, 1), 1.5), [0.5], "outside 0 to 1"),
        (np.zeros((60, 2)), [0.5, 0.9], "that fall"),
        (np.zeros((60, 2)), [float("inf"), 0.9], "numbers that fall"),
        (np.zeros((60, 1)), [0.9, 0.5], "2 thresholds"),
        (np.zeros((60, 0)), [], "0 thresholds"),
    ],
)
def test_what_cannot_be_tested_is_one_line(losses, thresholds, said):
    with pytest.raises(AgpError, match=said):
        certify(losses, thresholds, Promise())


@pytest.mark.parametrize("bad", [{"alpha": 0.0}, {"delta": 1.5}, {"method": "hope"}])
def test_what_promises_nothing_is_refused(bad):
    with pytest.raises(AgpError):
        Promise(**bad)


@given(st.lists(st.lists(st.floats(0, 1), min_size=3, max_size=3), min_size=1, max_size=8))
def test_exits_are_the_first_at_or_above_and_fall_with_the_threshold(rows):
    scores = np.array(rows)
    before = np.full(len(rows), 3)
    for threshold in policy.grid(scores):
        at = policy.exits(scores, threshold)
        slow = [next((i for i, s in enumerate(r) if s >= threshold), 3) for r in rows]
        assert at.tolist() == slow
        assert (at <= before).all()
        before = at
    assert (before == 0).all(), "the most liberal threshold takes all at once"


def test_a_prompt_of_which_nothing_is_accepted_has_no_loss():
    scores, wrong = np.array([[0.1, 0.2], [0.9, 0.1], [0.8, 0.1]]), np.ones((3, 2), bool)
    groups = Groups.of(["a", "b", "b"])
    assert policy.losses(scores, wrong, groups, [0.85, 0.5]).tolist() == [[0.0, 0.0], [1.0, 1.0]]
    assert policy.covered(scores, 0.85).tolist() == [0.0, 1.0, 0.0]
