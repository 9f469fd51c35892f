"""Runs of base64 are found wherever they stand."""

from hypothesis import given, settings
from hypothesis import strategies as st

from warehouse.payloads import RUN, SHORTEST, runs

NEAR = [b"A" * (SHORTEST + more) for more in (-1, 0, 1, 2, 5000)]
PIECES = [*NEAR, b"e" * 8192, b"/+9" * 9000, b'"', b"=", b"==", b" ", b'"k":"', b"\\n", b"word "]


@settings(max_examples=150)
@given(st.lists(st.integers(0, len(PIECES) - 1), min_size=1, max_size=12))
def test_the_quick_search_finds_what_the_expression_finds(order):
    line = b"".join(PIECES[i] for i in order)
    assert list(runs(line)) == [match.span() for match in RUN.finditer(line)]
