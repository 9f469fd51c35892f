"""Measures of the text: what each column counts."""

import duckdb
import pytest

from warehouse.features.columns import columns
from warehouse.features.refresh import statement

WORDS = [("", 0), (" \n ", 0), ("one", 1), ("two words\n", 2), ("three\tof\r\nthem", 4), ("ä ö", 2)]


@pytest.mark.parametrize(("text", "words"), WORDS)
def test_words_are_counted_by_their_spaces(text, words):
    sql = columns("exchange")["prompt_words"].sql
    found = duckdb.execute(f"select {sql} from (select ? as prompt)", [text]).fetchall()
    assert found == [(words,)]


def test_case_spaces_and_marks_make_no_difference_to_the_normalised_hash():
    con = duckdb.connect()
    con.execute("create table t (prompt varchar, answer varchar)")
    con.execute(
        "insert into t values ('Sort it!', 'Done.'), ('sort  it', '*done*'), ('sort at', '')"
    )
    sql = f"select exact_hash, normalised_hash from (select {statement('hashes.sql')} from t)"
    (a, x), (b, y), (_, z) = con.execute(sql).fetchall()
    assert a != b and x == y != z
