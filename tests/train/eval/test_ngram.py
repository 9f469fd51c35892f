"""The n-gram baseline is a proper distribution and learns what repeats."""

from math import log

from hypothesis import given
from hypothesis import strategies as st

from train.eval.ngram import NGram

texts = st.lists(st.lists(st.integers(0, 5), max_size=12), max_size=4)


@given(texts, st.lists(st.integers(0, 5), max_size=4))
def test_probabilities_add_up_to_one(seen, history):
    model = NGram(6).fit(seen)
    assert abs(sum(model.probability(history, t) for t in range(6)) - 1) < 1e-9


def test_it_learns_what_repeats():
    model = NGram(100).fit([[1, 2, 3] * 30])
    assert model.cross_entropy([1, 2, 3, 1, 2, 3], range(2, 6)) < 0.5 * 4
    assert model.cross_entropy([50, 60], [1]) > log(20)
