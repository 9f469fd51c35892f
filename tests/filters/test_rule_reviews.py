"""Verdicts of people on rules, and a rule's beginning, as a person meets them."""

import json

import pytest
from click.testing import CliRunner

from agp.cli import main
from filters.review import Judged, Score


@pytest.fixture
def told(tell, home):
    """Return a home with twelve prompts, six of them a heartbeat."""
    for i in range(6):
        tell(f"h{i}", f"[heartbeat] {i}", ("agent", "answer", "pong"))
        tell(f"p{i}", f"Why does the heartbeat number {i} time out?", ("agent", "answer", "Late."))
    tell.con.close()
    return home


def piped(*args: str, answers: str) -> str:
    result = CliRunner().invoke(main, list(args), input=answers)
    assert result.exit_code == 0, result.output
    return result.output


def test_verdicts_become_precision_and_recall(told, agp):
    said = piped("filters", "review", "heartbeat", "--most", "8", answers="y\nn\n" * 4)
    assert "1 of 8: ought heartbeat to hit this?" in said and "8 verdicts kept" in said
    [found] = json.loads(agp("filters", "audit", "--json").output)["judged"]
    assert (found["rule_id"], found["hits"], found["others"]) == ("heartbeat", 6, 6)
    assert (found["judged_hits"], found["right"]) == (4, 4)
    assert (found["judged_others"], found["missed"]) == (4, 0)
    assert found["precision"][0] == found["recall"][0] == 1.0
    assert found["precision"][1] == pytest.approx(0.51, abs=0.01) and found["false_hits"][0] == 0
    shown = agp("filters", "audit", "--samples", "0").output
    assert "by your own verdicts" in shown and "1.00 [0.51, 1.00]" in shown


def test_what_is_judged_is_not_asked_again_and_can_be_stopped(told, agp):
    assert "2 verdicts kept" in piped("filters", "review", "heartbeat", answers="y\ns\nn\nq\n")
    said = piped("filters", "review", "heartbeat", answers="n\n" * 12)
    assert "1 of 10" in said and "10 verdicts kept" in said
    assert "nothing is left to judge" in piped("filters", "review", "heartbeat", answers="")


def test_a_message_rule_is_judged_by_messages(told, agp):
    said = piped("filters", "review", "notice-task", "--most", "2", answers="n\nn\n")
    assert "2 verdicts kept" in said
    [found] = json.loads(agp("filters", "audit", "--json").output)["judged"]
    assert (found["hits"], found["others"], found["precision"]) == (0, 24, None)


def test_equal_words_are_judged_once_and_count_as_often_as_they_stand(tell, agp):
    for i in range(9):
        tell(f"h{i}", "heartbeat", ("agent", "answer", f"pong {i}"))
    tell("h9", "[heartbeat] 9")
    tell("p0", "Why does the heartbeat time out?")
    tell.con.close()
    said = piped("filters", "review", "heartbeat", answers="y\nn\nn\n")
    assert "1 of 3" in said and "3 verdicts kept" in said
    [found] = json.loads(agp("filters", "audit", "--json").output)["judged"]
    assert (found["hits"], found["judged_hits"], found["others"]) == (10, 2, 1)
    assert found["precision"][0] in (0.9, 0.1)  # nine rows hold one text, one the other
    assert found["precision"][1] < 0.2 or found["precision"][2] > 0.9
    assert "nothing is left" in piped("filters", "review", "heartbeat", answers="")


def test_an_unknown_rule_is_one_line(told, agp):
    assert "there is no rule hartbeat" in agp("filters", "review", "hartbeat", exit_code=2).output


def test_wrong_and_missed_ones_are_scaled_up_to_all():
    score = Score("r", Judged(100, 10, 8, 10, 8, 10), Judged(1_000, 50, 1, 50, 1, 50))
    assert score.precision and score.recall and score.false_hits
    assert score.precision[0] == 0.8 and score.false_hits[0] == 20
    assert score.recall[0] == pytest.approx(80 / (80 + 1_000 / 50))
    assert score.recall[1] < score.recall[0] < score.recall[2]
    assert score.false_hits[1] < 20 < score.false_hits[2]


@pytest.mark.parametrize("on", ["exchange", "message"])
def test_a_new_rule_passes_its_own_examples_and_is_in_force(home, agp, on):
    assert "mine.toml" in agp("filters", "new", "mine", "--on", on).output
    agp("filters", "test")
    assert "mine" in {r["id"] for r in json.loads(agp("filters", "list", "--json").output)}
    assert "there already" in agp("filters", "new", "mine", exit_code=2).output


def test_a_new_rule_leaves_nothing_out_before_it_is_edited(told, agp):
    def dropped() -> int:
        return json.loads(agp("filters", "audit", "--json").output)["exchanges"]["dropped"]

    before = dropped()
    agp("filters", "new", "mine")
    assert dropped() == before == 6


def test_a_new_rule_of_ones_own_expression_wants_examples(home, agp):
    agp("filters", "new", "ports", "--where", "contains(lower(prompt), ' port \"a\"')")
    assert "ports: example 1 under `hit` does not hit" in agp("filters", "test", exit_code=2).output


def test_a_bundled_rule_is_not_replaced_unawares(home, agp):
    assert "warmup is a bundled rule" in agp("filters", "new", "warmup", exit_code=2).stderr
    assert not list(home.rglob("warmup.toml"))


@pytest.mark.parametrize("name", ["../x", "A", "a b", ""])
def test_an_id_that_cannot_be_one_writes_nothing(home, agp, name):
    assert "id" in agp("filters", "new", name, exit_code=2).output
    assert not list(home.rglob("*.toml"))


def test_an_expression_that_cannot_be_one_is_refused_at_once(home, agp):
    said = agp("filters", "new", "mine", "--where", "promt = ''", exit_code=2).output
    assert "no column promt" in said and not list(home.rglob("mine.toml"))
