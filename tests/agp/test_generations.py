"""`agp warehouse diff`: nothing after an ingest; after parsers changed, what they changed."""

import json

import pytest

from lanes.sample_history import copy_to
from lanes.sources import claude
from lanes.sources.parsers import PARSERS


@pytest.fixture
def two(claude_tree, agp):
    """Two exchanges with a tool call each."""
    session = claude_tree()
    for words in ("Water the roses", "Count the slugs"):
        session.person(words)
        session.tool("Bash", "3 slugs", command="ls")
        session.agent("Done.")
    agp("ingest")


def tables(done) -> dict[str, dict]:
    return {table["table"]: table for table in json.loads(done.stdout)["tables"]}


def test_what_a_parser_reads_otherwise(two, agp, monkeypatch, rows):
    before = rows("from messages order by all")
    assert "a rebuild would change nothing" in agp("warehouse", "diff").stdout

    def shouting(file, records, out):
        """Write a person's words about slugs in capitals."""
        claude.normalise(file, records, out)
        for i, row in enumerate(out.messages):
            if row[8] == "person" and "slugs" in row[-1]:
                out.messages[i] = (*row[:-1], row[-1].upper())

    monkeypatch.setitem(PARSERS, "claude", shouting)
    found = tables(agp("warehouse", "diff", "--json", exit_code=1))
    assert {name for name, t in found.items() if t["changed"] or t["only_now"]} == {"messages"}
    assert (found["messages"]["changed"], found["messages"]["columns"]) == (1, {"text": 1})
    out = agp("warehouse", "diff", exit_code=1).stdout
    assert "agp warehouse rebuild" in out and "SLUGS" not in out
    assert rows("from messages order by all") == before
    agp("warehouse", "rebuild")
    agp("warehouse", "diff")


def test_rows_that_are_gone(two, agp, monkeypatch):
    def silent(file, records, out):
        """Read no tool calls."""
        claude.normalise(file, records, out)
        out.tool_uses.clear()

    monkeypatch.setitem(PARSERS, "claude", silent)
    found = tables(agp("warehouse", "diff", "--json", exit_code=1))
    assert (found["tool_uses"]["only_kept"], found["tool_calls"]["now"]) == (2, 0)
    assert found["exchanges"]["columns"]["tool_calls"] == 2
    assert len(found["exchanges"]["samples"]) == 2


@pytest.mark.slow
def test_the_sample_history_is_as_a_rebuild_would_have_it(home, agp):
    copy_to(home)
    agp("ingest")
    agp("warehouse", "diff")
