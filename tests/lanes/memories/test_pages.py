"""A page of rows taken at once is what it is record by record."""

from hypothesis import given, settings
from hypothesis import strategies as st

from lanes.memories.pages import batch_of, gone_line, line

WORDS = st.one_of(st.none(), st.just(""), st.integers(), st.text(max_size=5))
ROWS = st.fixed_dictionaries(
    {"id": st.integers(0, 9), "content_text": st.integers(0, 15_000), "type": WORDS, "role": WORDS},
    optional={"created_at": st.sampled_from(["2026-01-05T10:00:00+02:00", "soon", 7, None])},
)
KINDS = st.sampled_from(["memory", "memory_edge", "log"])


@settings(max_examples=50)
@given(st.lists(ROWS, min_size=1, max_size=30), KINDS)
def test_at_once_as_one_by_one(rows, kind):
    long = [row | {"content_text": "x!" * (row["content_text"] // 2)} for row in rows]
    lines = [*map(line, long), gone_line({"id": 3})]
    at_once = batch_of(lines, "host/memory_turns", 1, kind)
    one_by_one = batch_of([each._replace(row=None) for each in lines], "host/memory_turns", 1, kind)
    assert at_once.tables == one_by_one.tables
    assert at_once.files.drop("mtime_ns") == one_by_one.files.drop("mtime_ns")
    assert at_once.done == one_by_one.done
