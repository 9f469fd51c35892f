"""Vectors in binary form: what is made of them is what the server itself writes."""

import numpy as np
import pytest

from lanes.sources.vectors import Vector

DICE = np.random.default_rng(7)
POWERS = np.array([s * 2.0**k for k in range(-149, 128) for s in (1, -1)], np.float32)
KINDS = {
    "unit": DICE.normal(0, 0.036, 4000),
    "any bits": DICE.integers(0, 2**32, 8000, dtype=np.uint32).view(np.float32),
    "powers of two": POWERS,
    "beside powers of two": np.nextafter(POWERS, np.float32(0)),
    "powers of ten": [10.0**k for k in range(-45, 39)],
    "whole": [
        0,
        -0.0,
        1,
        -10,
        100,
        999_999,
        1e6,
        16_777_216,
        *DICE.integers(-(10**9), 10**9, 2000),
    ],
    "bounds": [1e-4, 9.9999e-5, 999_999.94, 1e-45, 3.4028235e38, *DICE.normal(0, 1e6, 2000)],
}


@pytest.mark.parametrize("kind", KINDS)
def test_text_is_that_of_the_server(sql, kind):
    values = np.asarray(KINDS[kind], np.float32)
    values = values[np.isfinite(values)]
    listed = ",".join(repr(float(value)) for value in values)
    [(wanted,)] = sql(f"select '{{{listed}}}'::real[]::vector::text")
    binary = len(values).to_bytes(2) + b"\0\0" + values.astype(">f4").tobytes()
    assert Vector(binary).text().decode().split(",") == wanted.split(",")


def test_what_is_no_vector_is_refused():
    with pytest.raises(ValueError, match="no vector"):
        Vector(b"\0\2\0\0" + b"\0" * 4)
