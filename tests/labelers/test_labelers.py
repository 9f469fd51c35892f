"""Functions that misbehave are left out by name; the others go on. Votes are cached."""

import pytest

from labelers.load import load
from labelers.run import update
from warehouse.store import open_writer

PYTHON = """
import time
from labelers.python_function import Vote, labeling_function

@labeling_function("raises", label="return", reads=["prompt"], why="bad")
def raises(turn):
    return Vote("return") if turn.prompt[1000] else None

@labeling_function("strange", label="return", reads=["prompt"], why="bad")
def strange(turn):
    return Vote("boredom")

@labeling_function("slow", label="return", reads=["prompt"], why="bad")
def slow(turn):
    time.sleep(60)

@labeling_function("good", label=["return", "novel"], reads=["prompt", "previous_answer"], why="ok")
def good(turn):
    print("nobody sees this")
    if turn.previous_answer and "peas" in turn.previous_answer:
        return Vote("novel", holds=False, confidence=0.9)
"""
TOML = """
[[function]]
id = "pattern-in-words"
label = "return"
kind = "lexicon"
why = "bad"
yes = ["back (to|at)"]
hit = ["back to"]
miss = ["on"]

[[function]]
id = "casts"
label = "return"
kind = "sql"
why = "bad"
yes = "prompt::bigint > 3"
hit = ["4"]
miss = ["2"]

[[function]]
id = "mine"
label = "dwell"
kind = "regex"
why = "ok"
yes = '(?i)still.*\\?'
no = '^Next'
hit = ["still?"]
against = ["Next"]
miss = ["a"]

[[function]]
id = "nowhere"
label = "boredom"
kind = "lexicon"
why = "bad"
yes = ["yawn"]
hit = ["yawn"]
miss = ["a"]
"""


@pytest.mark.slow
def test_each_bad_function_is_named_and_the_rest_votes(talk, own, rows):
    talk("s1", ("Still here?", "Yes, at the peas."), ("Next: beans", "Done."))
    own("mine.py", PYTHON)
    own("mine.toml", TOML)
    with open_writer() as con:
        done = update(con, seconds=0.3)
    said = {p.id: p.reason for p in done.problems}
    assert "IndexError on some row" in said["raises"]
    assert "'boredom', which it does not declare" in said["strange"]
    assert "did not end within" in said["slow"]
    assert 'not ( ) |; use kind = "regex"' in said["pattern-in-words"]
    assert "try_cast" in said["casts"] and "no label boredom" in said["nowhere"]
    votes = rows(
        "select labeler, exchange_id, label, holds from v_votes where labeler in ('mine', 'good', "
        "'raises', 'strange', 'slow', 'casts', 'pattern-in-words') order by all"
    )
    assert votes == [
        ("good", "s1-1", "novel", False), ("mine", "s1-0", "dwell", True),
        ("mine", "s1-1", "dwell", False),
    ]  # fmt: skip


@pytest.mark.slow
def test_only_what_changed_runs_again(talk, own):
    talk("s1", ("Still here?", "Yes."))
    names = len(load().labelers)
    with open_writer() as con:
        assert update(con).evaluated == names
    talk("s2", ("And now?", "Yes."))
    own(
        "mine.toml",
        TOML[TOML.index('[[function]]\nid = "mine"') : TOML.index('[[function]]\nid = "now')],
    )
    with open_writer() as con:
        assert update(con).evaluated == names + 2  # one new exchange, one new function on two
        assert update(con).evaluated == 0


@pytest.mark.slow
def test_a_project_is_named_by_a_whole_word_that_is_no_common_one(talk, rows):
    talk("s1", ("Sow the peas.", "Done."), project="orchard")
    talk("s2", ("Build the project.", "Done."), project="project")
    talk(
        "s3", ("Is it as in the orchard?", "Yes."), ("Orchardists say no.", "Yes."), project="shed"
    )
    talk("s4", ("Is the orchard dry?", "Yes."), project="orchard-2")
    with open_writer() as con:
        update(con)
    found = rows("select exchange_id from turns where other_projects > 0 order by 1")
    assert found == [("s3-0",)]


@pytest.mark.parametrize("text", ["[[function]", "x = 1", "[[function]]\nid = 3"])
def test_a_file_that_is_no_function_file_is_named(own, text):
    own("broken.toml", text)
    assert "broken.toml" in load().problems[0].reason


def test_a_function_is_switched_off(own):
    own("off.toml", '[[function]]\nid = "return-words"\nenabled = false')
    assert "return-words" not in [one.id for one in load().labelers]
