"""From votes to probabilities: agreement, voices, calibration, the choice between models."""

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from labelers.agreement import pairs, voices
from labelers.calibration import Platt, cross_fitted, fit
from labelers.ceiling import ceiling
from labelers.gold import development_set, judged_labels, pass_agreement
from labelers.label_model import choose, majority, shipped
from labelers.scores import average_precision
from warehouse.intervals import wilson


def votes(*rows):
    names = ["labeler", "exchange_id", "label", "holds", "confidence"]
    return pl.DataFrame([(*row, 0.7) for row in rows], names, orient="row")


def test_copies_of_a_function_count_once():
    copied = [
        (name, f"x{i}", "return", i % 2 == 0) for name in ("a", "copy") for i in range(12)
    ] + [("b", "x0", "return", False)]
    both = votes(*copied)
    assert [(p.one, p.other, p.kappa) for p in pairs(both) if p.correlated] == [("a", "copy", 1.0)]
    assert voices(both)["return", "copy"] == "a"
    assert majority(both)["return", "x0"] == pytest.approx(0.5)


@given(st.lists(st.booleans(), min_size=1, max_size=8))
def test_majority_lies_on_the_side_of_the_votes(said):
    names = [(f"f{i}", "x", "dwell", held) for i, held in enumerate(said)]
    score = majority(votes(*names))["dwell", "x"]
    lead = 2 * sum(said) - len(said)
    assert 0 < score < 1 and (abs(score - 0.5) < 1e-9 if lead == 0 else (score > 0.5) == (lead > 0))


def test_calibration_finds_an_overconfident_score():
    scores = [0.9] * 100 + [0.1] * 100
    holds = [i % 10 < 6 for i in range(100)] + [i % 10 < 4 for i in range(100)]
    assert fit(scores, holds)(0.9) == pytest.approx(0.6, abs=0.02)
    assert Platt()(0.0) > 0 and max(cross_fitted(scores, holds, ["f"] * 200)) <= 1


def test_without_gold_the_shipped_choice_stands():
    nothing = pl.DataFrame(
        schema={"exchange_id": str, "label": str, "holds": bool, "family_id": str}
    )
    chosen, scores = choose(votes(("a", "x", "return", True)), nothing)
    assert chosen == shipped() and ("return", "x") in scores[chosen.model]


def test_with_gold_the_better_model_is_chosen():
    said = [("good", f"x{i}", "return", i % 3 == 0) for i in range(300)]
    said += [("bad", f"x{i}", "return", i % 2 == 0) for i in range(300)]
    gold = pl.DataFrame(
        [(f"x{i}", "return", i % 3 == 0, f"s{i % 20}") for i in range(300)],
        ["exchange_id", "label", "holds", "family_id"],
        orient="row",
    )
    chosen, scores = choose(votes(*said), gold)
    assert set(chosen.brier) == set(scores) == {"majority", "dawid-skene"}
    assert chosen.brier[chosen.model] == min(chosen.brier.values()) and chosen.gold == 300


def test_the_development_set_was_read_twice():
    assert len(development_set()) >= 300
    assert len({row["exchange_id"] for row in development_set()}) == len(development_set())
    for row in development_set():
        assert set(row["settled"].split()) <= set(judged_labels())
    assert all(kappa is None or kappa > 0.8 for _, kappa in pass_agreement().values())


@given(st.integers(0, 50), st.integers(1, 50))
def test_an_interval_holds_its_share(right, n):
    low, high = wilson(min(right, n), n)
    assert 0 <= low <= min(right, n) / n + 1e-9 and min(right, n) / n <= high + 1e-9 <= 1 + 2e-9


def test_average_precision_of_a_guess_is_the_prevalence():
    assert average_precision([0.5] * 10, [True] + [False] * 9) == pytest.approx(0.1)
    assert average_precision([0.5], [False]) is None


def test_the_ceiling_finds_what_a_measure_tells_and_nothing_in_noise():
    dice = np.random.default_rng(3)
    holds = (dice.random(400) < 0.1).tolist()
    families = [f"s{i % 40}" for i in range(400)]
    noise = dice.random((400, 5))
    noise[dice.random((400, 5)) < 0.3] = np.nan
    telling = noise.copy()
    telling[:, 2] = np.array(holds) + dice.normal(0, 0.3, 400)
    found, nothing = ceiling(telling, holds, families), ceiling(noise, holds, families)
    assert found is not None and nothing is not None and found > 0.8 > 0.3 > nothing
    assert ceiling(noise, [False] * 400, families) is None
