"""Rule sets that are allowed and odd: what a person is told of them."""

import json

import pytest

from filters import files
from filters.compile import rule_set
from warehouse.errors import AgpError

ANSWER = ("agent", "answer", "It stops at the last line end; I made it read on.")


@pytest.fixture
def told(tell, home):
    """Return a home with two exchanges."""
    tell("x1", "Why does the parser drop the last line?", ANSWER)
    tell("x2", "And the first one?", ANSWER)
    tell.con.close()
    return home


def notes(agp, folder) -> list[str]:
    return json.loads(agp("filters", "audit", "--rules", str(folder), "--json").output)["notes"]


def test_a_rule_that_drops_everything_is_named(told, agp, folder, rule):
    everything = folder(rule("all", "true") + rule("some", "prompt_words > 900"))
    assert notes(agp, everything) == ["rule all drops every exchange of sft"]
    said = agp("filters", "run", "--rules", str(everything)).output
    assert "note: every exchange is dropped in sft; `agp filters audit` says why" in said


def test_rules_that_drop_everything_together_are_told_of(told, agp, folder, rule):
    both = folder(rule("a", "ordinal = 0") + rule("b", "ordinal <> 0"))
    assert notes(agp, both) == ["together the rules drop every exchange of sft"]


def test_a_rule_over_what_is_null_everywhere_is_named_with_the_column(told, agp, folder, rule):
    idle = folder(rule("hard", "complexity > 0.5 and edits > 0") + rule("none", "edits > 900"))
    assert notes(agp, idle) == ["rule hard never hits: `complexity` is null in every exchange"]
    read = folder(rule("hard", "complexity is null and ordinal = 0"), into="read")
    assert notes(agp, read) == []


def test_bundled_rules_that_have_nothing_to_read_stand_in_one_line(told, agp):
    said = json.loads(agp("filters", "audit", "--json").output)["notes"]
    assert len(said) == 1 and said[0].startswith("bundled rules with nothing to read here: ")
    assert "ranked-hard (`complexity` is null everywhere)" in said[0]


def test_an_empty_warehouse_says_what_fills_it(agp, home):
    (home / "none").mkdir()
    agp("ingest", str(home / "none"))
    for words in (("audit",), ("run",), ("try", "true"), ("duplicates",)):
        assert agp("filters", *words).output.rstrip().endswith("`agp ingest` brings history in")
    assert "`agp ingest`" in agp("status").output and "nothing of this" not in agp("status").output
    assert "`agp ingest`" in agp("labels", "audit").output


def test_a_folder_without_a_rule_is_an_error(told, agp, home):
    (home / "no-rules").mkdir()
    assert (
        "holds no rule"
        in agp("filters", "list", "--rules", str(home / "no-rules"), exit_code=2).output
    )


def test_five_hundred_rules_are_audited_and_too_many_are_refused(
    told, agp, folder, rule, monkeypatch
):
    many = folder("".join(rule(f"r{i}", f"prompt_words > {i}") for i in range(500)))
    found = json.loads(agp("filters", "audit", "--rules", str(many), "--json").output)
    hits = [e["hits"] for e in found["exchanges"]["effects"]]
    assert len(hits) == 500 and hits[:5] == [2, 2, 2, 2, 1] and hits[8:] == [0] * 492
    monkeypatch.setattr(files, "MOST", 499)
    with pytest.raises(AgpError, match="there are 500 rules; a rule set has at most 499"):
        rule_set(many)


def test_two_rules_of_one_id_in_one_file_are_refused(folder, rule):
    with pytest.raises(AgpError, match=r"mine.toml: rule r stands in mine.toml already"):
        rule_set(folder(rule("r", "true") + rule("r", "false")))
