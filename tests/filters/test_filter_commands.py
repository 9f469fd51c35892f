"""The commands, as a user sees them."""

import json

import pytest

from warehouse.store import open_writer

ANSWER = ("agent", "answer", "It stops at the last line end; I made it read on.")


@pytest.fixture
def told(tell, home):
    """Return a home with five exchanges; the warehouse is closed again."""
    tell("x1", "Why does the heartbeat time out?", ANSWER)
    tell("x2", "heartbeat", ("agent", "answer", "pong"))
    tell("x3", "Mail bob.k@hollis-tools.com that it works", ANSWER)
    tell("x4", "Continue", ANSWER)
    tell("x5", "Warmup", ("agent", "answer", "Ready."), author="harness", kind="warmup")
    tell.con.close()
    return home


def test_the_audit_adds_up_and_shows_no_secret(told, agp):
    report = json.loads(agp("filters", "audit", "--samples", "9", "--json").output)
    exchanges = report["exchanges"]
    effects = {e["rule_id"]: e for e in exchanges["effects"]}
    assert (exchanges["total"], exchanges["dropped"]) == (5, 2)
    assert effects["heartbeat"]["hits"] == 1 and effects["heartbeat"]["exclusive"] == 0
    assert exchanges["overlap"] == [{"rules": ["heartbeat", "heartbeat-answer"], "n": 1}]
    assert {s["rule_id"] for s in report["samples"]} >= {"heartbeat", "warmup", "low-content"}
    shown = agp("filters", "audit", "--by", "month").output
    assert "5 exchanges, 2 dropped, 3 kept" in shown


def test_explain_gives_every_rule_with_evidence_but_not_the_words(told, agp):
    found = json.loads(agp("filters", "explain", "x2", "--json").output)
    assert [v["keep"] for v in found["lanes"]] == [False] * 3
    heartbeat = next(r for r in found["rules"] if r["rule"] == "heartbeat")
    assert heartbeat["evidence"].endswith("kind = prompt, prompt has 9 characters")
    assert "there is no exchange y" in agp("filters", "explain", "y", exit_code=2).output


def test_try_counts_and_redacts(told, agp):
    found = json.loads(agp("filters", "try", "contains(prompt, 'hollis')", "--json").output)
    assert (found["total"], found["hits"], found["kept_hits"]) == (5, 1, 1)
    assert found["samples"] == [["x3", "Mail [EMAIL_1] that it works"]]
    assert "no column promt" in agp("filters", "try", "promt = ''", exit_code=2).output


def test_try_speaks_of_messages_too(told, agp):
    found = json.loads(agp("filters", "try", "--on", "message", "text = 'pong'", "--json").output)
    assert (found["total"], found["hits"], found["samples"]) == (10, 1, [["x2-1", "pong"]])


def test_diff_tells_exchange_by_exchange(told, agp, folder, rule):
    before, after = (
        folder(rule("r", w), into=d) for w, d in (("false", "a"), ("ordinal < 2", "b"))
    )
    found = json.loads(agp("filters", "diff", str(before), str(after), "--json").output)
    assert [(r["exchange_id"], r["dropped_by_after"]) for r in found["exchanges"]] == [
        ("x1", ["r"]), ("x2", ["r"]),
    ]  # fmt: skip
    assert "2 dropped anew, 0 kept anew" in agp("filters", "diff", str(before), str(after)).output


def test_what_was_compared_once_is_not_evaluated_again(told, agp, folder, rule, monkeypatch):
    agp("filters", "run")
    before, after = (folder(rule("r", w), into=d) for w, d in (("false", "a"), ("true", "b")))
    compare = ("filters", "diff", str(before), str(after), "--json")
    first = agp(*compare).output
    monkeypatch.setattr("filters.run.make_masks", None)
    assert agp(*compare).output == first and len(json.loads(first)["exchanges"]) == 5
    assert json.loads(agp("filters", "audit", "--json").output)["exchanges"]["dropped"] == 2
    asked = "select count(distinct rule_set) as sets from v_decisions"
    assert json.loads(agp("sql", "--json", asked).output) == [{"sets": 1}]


def test_an_empty_warehouse_is_no_error(home, agp):
    with open_writer():
        pass
    assert "`agp ingest` brings history in" in agp("filters", "audit").output
    assert json.loads(agp("filters", "try", "true", "--json").output)["hits"] == 0


def test_a_failing_example_is_named(agp, folder, rule):
    bad = folder(rule("r", "prompt = 'x'"))
    output = agp("filters", "test", "--rules", str(bad), exit_code=2).output
    assert "r: example 1 under `hit` does not hit" in output


def test_a_rule_that_fails_when_it_runs_is_named_with_its_file(told, agp, folder, rule):
    bad = folder(rule("r", "cast(prompt as bigint) = 1"))
    output = agp("filters", "run", "--rules", str(bad), exit_code=2).output
    assert "mine.toml: rule r: it converts" in output and "heartbeat" not in output


@pytest.mark.parametrize(
    "command",
    [
        ("filters", "run"),
        ("filters", "audit"),
        ("filters", "explain", "x1"),
        ("filters", "try", "prompt_words < 3"),
        ("filters", "diff", "bundled", "mine"),
        ("lanes", "build", "sft"),
        ("secrets", "scan"),
    ],
)
def test_without_a_warehouse_nothing_is_made_and_a_line_says_what_to_do(agp, home, command):
    assert "run `agp ingest` first" in agp(*command, exit_code=2).stderr
    assert not list(home.rglob("*"))


@pytest.mark.parametrize(
    ("expression", "reason"),
    [
        ("foo((", "foo((: it ends too early: 2 brackets are not closed (column 5)"),
        ("prompt = 'a", "prompt = 'a: a quote in it is not closed (column 10)"),
        ("prompt_chars <", "prompt_chars <: it ends too early (column 14)"),
        ("edits > 1)", "edits > 1): a bracket in it is closed that was not opened (column 10)"),
        ("edit > 1", "edit > 1: there is no column edit; did you mean edits? (column 1)"),
    ],
)
def test_an_error_speaks_of_the_expression_that_was_typed(agp, expression, reason):
    assert agp("filters", "try", expression, exit_code=2).stderr == f"agp: {reason}\n"


def test_a_trial_may_name_rules_and_its_errors_speak_of_it_alone(told, agp):
    assert "hits 1 of 5" in agp("filters", "try", "rule('heartbeat')").stdout
    said = agp("filters", "try", "rule('nope')", exit_code=2).stderr
    assert said.startswith("agp: rule('nope'): there is no rule nope")
    said = agp("filters", "try", "tools = 'Bash'", exit_code=2).stderr
    assert said.startswith("agp: tools = 'Bash': ") and "EXPR" not in said
    for wrong in (("filters", "try", "true", "--samples"), ("filters", "duplicates", "--limit")):
        assert "-1 is not in the range" in agp(*wrong, "-1", exit_code=2).stderr


def test_a_home_that_is_a_file_is_one_line(home, agp, monkeypatch):
    (home / "file").write_text("x")
    monkeypatch.setenv("AGP_HOME", str(home / "file"))
    for command in (("filters", "new", "a"), ("secrets", "redact"), ("ingest",), ("status",)):
        said = agp(*command, exit_code=2).stderr
        assert "is no folder; set AGP_HOME to one" in said and said.count("\n") == 1
