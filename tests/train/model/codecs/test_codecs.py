"""A codec's bytes are as many as it said, and bring rows back as near as it says."""

import mlx.core as mx
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from train.model.codecs import BUILTIN, NUMBERS, builtin
from train.model.codecs.base import from_bf16, to_bf16
from train.model.codecs.pca import Pca, fit
from warehouse.errors import AgpError

NOTHING = mx.zeros(8)
floats = st.floats(-1e6, 1e6, width=32, allow_subnormal=False)
rows = hnp.arrays(np.float32, st.tuples(st.integers(1, 5), st.integers(1, 130)), elements=floats)


def there_and_back(name: str, x: np.ndarray) -> np.ndarray:
    """Return what a receiver makes of rows, having checked the length of the bytes."""
    codec, (n, w) = builtin(name), x.shape
    data = codec.encode("h.1", mx.array(x), NOTHING)
    assert len(data) == codec.size("h.1", n, w)
    return np.array(codec.decode("h.1", data, n, w, NOTHING).astype(mx.float32))


@given(rows)
def test_native_changes_nothing(x: np.ndarray):
    assert np.array_equal(there_and_back("native", x).view(np.uint32), x.view(np.uint32))


@given(rows)
def test_bf16_keeps_eight_digits(x: np.ndarray):
    assert np.all(np.abs(there_and_back("bf16", x) - x) <= np.abs(x) * 2.0**-8)


@given(rows)
def test_int8_is_off_by_half_a_step(x: np.ndarray):
    step = np.abs(x).max(axis=1, keepdims=True) / 127
    assert np.all(np.abs(there_and_back("int8", x) - x) <= 0.51 * step + 1e-30)


@given(rows)
def test_int8_with_outliers_is_off_by_half_a_step_of_the_rest(x: np.ndarray):
    kept = max(1, x.shape[1] // 64)
    rest = np.sort(np.abs(x), axis=1)[:, ::-1][:, kept:]
    step = rest.max(axis=1, keepdims=True, initial=0) / 127
    off = np.abs(there_and_back("int8o", x) - x)
    assert np.all(off <= 0.51 * step + np.abs(x) * 2.0**-8)


@given(rows)
def test_int4_is_off_by_half_a_step_of_its_group(x: np.ndarray):
    got = there_and_back("int4", x)
    for start in range(0, x.shape[1], 16):
        part = slice(start, start + 16)
        step = np.abs(x[:, part]).max(axis=1, keepdims=True) / 7
        assert np.all(np.abs(got[:, part] - x[:, part]) <= 0.52 * step + 1e-30)


@given(st.sampled_from(sorted(BUILTIN)), rows)
def test_a_row_is_coded_for_itself(name: str, x: np.ndarray):
    alone = np.concatenate([there_and_back(name, row[None]) for row in x])
    assert np.array_equal(there_and_back(name, x), alone)


@given(st.sampled_from(["int8", "int8o", "int4", "bf16"]), st.data())
def test_any_bytes_of_the_right_length_are_some_rows(name: str, draw: st.DataObject):
    n, w = draw.draw(st.tuples(st.integers(1, 3), st.integers(1, 40)))
    size = builtin(name).size("h.1", n, w)
    data = draw.draw(st.binary(min_size=size, max_size=size))
    with np.errstate(all="ignore"):
        assert builtin(name).decode("h.1", data, n, w, NOTHING).shape == (n, w)


def test_bfloat16_rounds_to_the_nearest():
    x = np.array([1.0, 1.00390625, 1.01171875, -3.0e38, 0.0], np.float32)
    assert from_bf16(to_bf16(x)).tolist()[:3] == [1.0, 1.0, 1.015625]  # ties go to even
    assert np.isfinite(from_bf16(to_bf16(x))).all()


def test_every_codec_has_a_number_of_its_own():
    assert set(BUILTIN) < set(NUMBERS) and len(set(NUMBERS.values())) == len(NUMBERS)


def test_components_bring_back_what_they_were_fitted_on():
    dice = np.random.default_rng(0)
    flat = dice.normal(size=(500, 6)) @ dice.normal(size=(6, 32))  # six dimensions of 32
    codec = Pca(fit([{"h.1": mx.array(flat, mx.float32)}]))
    x = mx.array(flat[:9], mx.float32)
    data = codec.encode("h.1", x, NOTHING)
    assert len(data) == codec.size("h.1", 9, 32) == builtin("int4").size("h.1", 9, 32)
    back = np.array(codec.decode("h.1", data, 9, 32, NOTHING))
    assert np.abs(back - flat[:9]).max() < 0.02 * np.abs(flat).max()
    with pytest.raises(AgpError, match=r"not fitted on kv\.2"):
        codec.size("kv.2", 9, 32)
