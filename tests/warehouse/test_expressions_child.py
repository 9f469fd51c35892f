"""The second wall: an expression that got past the first still finds nothing, and ends in time."""

import random
import string
import subprocess
import sys
import time
from pathlib import Path

import duckdb
import pytest

from warehouse.expressions import Batch, ExpressionError, check, evaluate
from warehouse.expressions.process import converse, write_rows

SECRET = "the quick brown secret"


@pytest.fixture(scope="module")
def rows():
    """Return two thousand varied texts, one of them long."""
    dice = random.Random(1)
    letters = string.ascii_lowercase + " "
    texts = ["".join(dice.choices(letters, k=600)) + SECRET for _ in range(2_000)]
    con = duckdb.connect()
    con.execute("create table texts (row_number bigint, prompt varchar, n bigint)")
    con.executemany(
        "insert into texts values (?, ?, ?)", [(i, t, i % 7) for i, t in enumerate(texts)]
    )
    return con.sql("from texts")


def verdicts(rows, *texts):
    """Return the masks of expressions over the rows."""
    return evaluate([Batch([check(t, {"prompt", "n"}) for t in texts], rows)])[0]


def test_masks_hold_more_rules_than_a_word_has_bits(rows):
    found = verdicts(rows, *["n = 1"] * 64, "n = 2", "n is null or null")
    assert found.column_names == ["row_number", "w0", "w1"]
    ones = [r for r in found.to_pylist() if r["row_number"] % 7 == 1]
    assert all((r["w0"], r["w1"]) == (2**64 - 1, 0) for r in ones)
    twos = [r for r in found.to_pylist() if r["row_number"] % 7 == 2]
    assert all((r["w0"], r["w1"]) == (0, 1) for r in twos)
    assert found.num_rows == len(ones) + len(twos)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("cast(prompt as bigint) = 1", "try_cast"),
        ("n * 9000000000000000000 > 1", "beyond its type"),
        ("regexp_matches(prompt, '(((')", "pattern in it cannot be read"),
        ("lower(n) = 'a'", "No function matches"),
        ("prompt", "true or false"),
        ("regexp_matches(prompt, '[a-z].{0,99}Q')", "too slow|too long"),
        ("regexp_matches(prompt, '([a-z].{0,99}){9}Q')", "too slow|too long|pattern"),
    ],
)
def test_what_fails_is_an_error_of_one_line_that_quotes_no_row(rows, text, reason):
    begin = time.monotonic()
    with pytest.raises(ExpressionError, match=reason) as caught:
        verdicts(rows, "n = 1", text)
    assert caught.value.index == 1
    assert "secret" not in str(caught.value) and "\n" not in str(caught.value)
    assert time.monotonic() - begin < 40


@pytest.mark.parametrize(
    "text",
    [
        "(select count(*) from read_text('/etc/passwd')) > 0",
        "(select count(*) from glob('/etc/*')) > 0",
        "exists (select 1 from read_blob('{path}'))",
    ],
)
def test_without_the_first_wall_the_child_still_opens_nothing(rows, tmp_path: Path, text):
    path = tmp_path / "rows.arrow"
    write_rows(rows.to_arrow_reader(1000), path)
    batch = {
        "path": str(path),
        "expressions": [text.replace("{path}", str(path))],
        "guarded": [],
        "measure": "select count(*), 0 from",
    }
    job = {"batches": [batch], "threads": 1, "memory_bytes": 10**9, "cpu_seconds": 30}
    with pytest.raises(ExpressionError, match=r"it failed|fails|disabled"):
        converse(job, [0])


def test_memory_has_an_end(rows, tmp_path: Path):
    path = tmp_path / "rows.arrow"
    write_rows(rows.to_arrow_reader(1000), path)
    batch = {
        "path": str(path),
        "expressions": ["length(repeat(prompt, 100000)) > 1"],
        "guarded": ["length(repeat(prompt, 100000)) > 1"],
        "measure": "select count(*), 0 from",
    }
    job = {"batches": [batch], "threads": 1, "memory_bytes": 3 * 10**8, "cpu_seconds": 30}
    with pytest.raises(ExpressionError, match="memory"):
        converse(job, [0])


def test_a_pattern_behind_a_cheap_condition_is_read_only_where_that_holds(rows):
    """Both halves are probed alone and together, and hit what the plain expression hits."""
    plain, swapped = "n = 1 and lower(prompt) like '%a%'", "lower(prompt) like '%a%' and n = 1"
    found = verdicts(rows, plain, swapped, f"case when true then {plain} end")
    assert {row["w0"] for row in found.to_pylist()} == {0b111}
    assert found.num_rows == 286


def test_what_a_library_prints_is_not_read_as_verdicts(tmp_path: Path):
    code = (
        "import os, sys\n"
        "from warehouse.expressions.child import only_verdicts\n"
        "out = only_verdicts()\n"
        "os.write(1, b'100% done')\n"
        "out.write(b'masks')\n"
        "out.close()\n"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert (ran.stdout, ran.stderr) == (b"masks", b"100% done")


def test_a_long_query_shows_no_bar():
    bar = "select current_setting('enable_progress_bar')"
    code = (
        f"from warehouse.expressions.child import open_rows; print(open_rows([], 1).sql({bar!r}))"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True)
    assert b"false" in ran.stdout
