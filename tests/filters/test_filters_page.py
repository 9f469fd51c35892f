"""docs/filters.md against the code: its lists are whole, and say what the program says."""

import re
from pathlib import Path

import pytest

from filters.commands import action_text
from filters.compile import rule_set
from filters.files import bundled
from filters.rule import Rule
from warehouse.expressions.language import FUNCTIONS, OPERATOR_WORDS, TYPES
from warehouse.features import columns

PAGE = (Path(__file__).parents[2] / "docs" / "filters.md").read_text(encoding="utf-8")


def rows(heading: str) -> list[str]:
    """Return the rows of the first table below a heading."""
    table = PAGE.partition(f"{heading}\n")[2].partition("|---|")[2].partition("\n\n")[0]
    return table.splitlines()[1:]


def row(*cells: str) -> str:
    """Return a row, its first cell as code."""
    return "| " + " | ".join([f"`{cells[0]}`", *(" ".join(c.split()) for c in cells[1:])]) + " |"


@pytest.mark.parametrize("on", ["exchange", "message"])
def test_the_page_lists_every_column(on):
    wanted = [row(c.name, c.type.lower(), c.meaning) for c in columns(on).values()]
    article = {"exchange": "an exchange", "message": "a message"}[on]
    assert rows(f"### Columns of {article}") == wanted


def test_the_page_lists_every_function_operator_and_type():
    assert rows("### Functions") == [row(f.form, f.meaning) for f in FUNCTIONS.values()]
    words = re.split(r", (?![^(]*\))", OPERATOR_WORDS)
    assert [word for word in [*words, *TYPES] if f"`{word}`" not in PAGE] == []


def test_the_page_lists_every_bundled_rule_with_its_action():
    wanted = [
        row(c.rule.id, c.rule.why, action_text(c.rule), " ".join(c.rule.lanes))
        for c in rule_set(bundled()).rules
    ]
    assert rows("## The rules that come with agp") == wanted


def test_the_page_explains_every_key():
    keys = [line.split("`")[1] for line in rows("## A rule, key by key")]
    assert sorted(keys) == sorted([*Rule.model_fields, "enabled"])


SOURCES = (Path(__file__).parents[2] / "docs" / "sources.md").read_text(encoding="utf-8")


def test_every_kind_of_noise_has_a_rule_that_names_it_and_none_names_another():
    told = SOURCES.partition("| author | kinds | |")[2].partition("\n\n")[0].splitlines()
    noise = {k for line in told if "| harness |" in line for k in re.findall(r"`(\w+)`", line)}
    known = {k for line in told for k in re.findall(r"`(\w+)`", line)} | {"notice"}
    codex = set(re.findall(r"of kind ([^.]*)\.", " ".join(SOURCES.split()))[-1].split("`")[1::2])
    named = {kind for c in rule_set(bundled()).rules for kind in c.rule.kinds}
    assert noise | codex <= named <= known | codex


def test_a_rule_that_compares_kinds_says_which_they_are():
    for c in rule_set(bundled()).rules:
        compared = re.search(r"\bkind (?:=|IN|in) \(?((?:'\w+'(?:, )?)+)", c.expression.text)
        if compared and not c.expression.rules and "rule(" not in c.rule.where:
            assert set(re.findall(r"'(\w+)'", compared[1])) <= set(c.rule.kinds), c.rule.id
