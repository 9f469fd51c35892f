"""The learned pair: bytes that say what the module says, bits where they earn most."""

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.model.codecs import builtin
from train.model.codecs.base import Codec
from train.model.codecs.learned import Bits, Learned, LearnedCodec, arrays_of, from_arrays
from train.model.codecs.pca import Pca, fit, shared_bits
from warehouse.errors import AgpError

NOTHING = mx.zeros(8)


@pytest.fixture(scope="module")
def rows() -> mx.array:
    """Return rows of which a few directions carry most."""
    dice = np.random.default_rng(0)
    spread = 0.85 ** np.arange(32)[None, :]
    return mx.array(dice.normal(size=(400, 32)) * spread @ dice.normal(size=(32, 32)), mx.float32)


@pytest.fixture(scope="module")
def fitted(rows: mx.array) -> dict[str, mx.array]:
    return fit([{"h.4": rows[:300], "kv.2": rows[:300] + 1}])


def test_bytes_say_what_the_module_says(rows: mx.array, fitted: dict[str, mx.array]):
    model = Learned(fitted, 8)
    codec = LearnedCodec(model, Pca(fitted))
    x = rows[300:320]
    context = mx.array([1.0, 0, 0, 0, 0.5, 0.5, 0, 0])
    data = codec.encode("h.4", x, context)
    assert len(data) == codec.size("h.4", 20, 32) <= builtin("int4").size("h.4", 20, 32)
    back = codec.decode("h.4", data, 20, 32, context)
    assert mx.abs(back - model("h.4", x, mx.broadcast_to(context, (20, 8)))).max() < 1e-5


def test_it_begins_better_than_int4_and_components_at_the_same_bytes(
    rows: mx.array, fitted: dict[str, mx.array]
):
    x = rows[300:]

    def off(codec: Codec) -> float:
        return float(np.square(np.array(codec.round_trip("h.4", x, NOTHING) - x)).sum())

    pca = Pca(fitted)
    learned = off(LearnedCodec(Learned(fitted, 8), pca))
    assert learned < off(builtin("int4")) / 1.5 and learned < off(pca) / 1.5


def test_it_comes_back_from_its_arrays(rows: mx.array, fitted: dict[str, mx.array]):
    model = Learned(fitted, 8)
    again = from_arrays(arrays_of(model), ["h.4", "kv.2"], 8)
    a, b = (LearnedCodec(m, Pca(fitted)).encode("kv.2", rows, NOTHING) for m in (model, again))
    assert a == b


def test_the_context_has_a_say(rows: mx.array, fitted: dict[str, mx.array]):
    model = Learned(fitted, 8)
    model.pairs["h4"].encode_out.weight += 1.0
    codec = LearnedCodec(model, Pca(fitted))
    said = [codec.encode("h.4", rows, mx.full((8,), v)) for v in (0.0, 1.0)]
    assert said[0] != said[1]


def test_a_role_it_was_not_trained_on(fitted: dict[str, mx.array]):
    codec = LearnedCodec(Learned(fitted, 8), Pca(fitted))
    with pytest.raises(AgpError, match=r"not fitted on h\.6"):
        codec.size("h.6", 1, 32)
    with pytest.raises(AgpError, match=r"not fitted on h\.4"):
        codec.size("h.4", 1, 31)


@given(st.lists(st.integers(0, 127), min_size=1, max_size=20), st.data())
def test_integers_of_a_few_bits_come_back(steps: list[int], draw: st.DataObject):
    bits = Bits(np.array(steps) / 127)
    q = np.array([[draw.draw(st.integers(-s, s)) for s in steps] for _ in range(3)])
    data = bits.pack(q)
    assert len(data) == 3 * bits.size
    assert np.array_equal(bits.unpack(data, 3), q)


@given(
    st.lists(st.floats(0, 1e6, allow_subnormal=False), min_size=1, max_size=40),
    st.integers(0, 300),
)
def test_bits_stay_within_their_budget(variances: list[float], budget: int):
    bits = shared_bits(np.array(variances), budget)
    assert bits.sum() <= budget and set(bits.tolist()) <= {0, *range(2, 9)}
    order = np.argsort(-np.array(variances), kind="stable")
    assert np.all(np.diff(bits[order]) <= 0)
