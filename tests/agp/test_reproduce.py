"""`agp reproduce` after the history grew: the dataset of then, from a copy of the warehouse."""

import json
from typing import Any

import pytest

from agp.clean_home import clean_home
from agp.reproduce import dataset
from warehouse.home import agp_home


@pytest.fixture
def talk(claude_tree, agp):
    """Let a person and an agent speak in so many sessions, and ingest it."""

    def speak(first: int, last: int) -> None:
        for s in range(first, last):
            session = claude_tree(f"s{s}")
            for turn in range(2):
                session.person(f"Write page {turn} of guide number {s} to the garden")
                session.agent(f"Page {turn} of guide {s} is written; it has three parts.")
        agp("ingest")

    return speak


def again(facts: dict[str, Any]) -> dict[str, Any]:
    with clean_home(None, []) as home:
        return {line.what: line for line in dataset(facts, home)}


def facts_of(made: dict[str, Any]) -> dict[str, Any]:
    return {"build_id": made["build_id"], "data": made["path"], "data_digests": {}}


@pytest.mark.parametrize("lane", ["sft", pytest.param("semantic", marks=pytest.mark.slow)])
def test_a_history_that_grew_gives_the_dataset_of_then(talk, agp, rows, claude_tree, lane: str):
    talk(0, 12)
    made = json.loads(agp("lanes", "build", lane, "--json").stdout)
    talk(12, 16)
    session = claude_tree("s3")  # one goes on, too
    session.at, session.count = None, 90
    session.person("Plant a hedge of box around the vegetable beds")
    session.agent("The hedge is planted: forty plants in two rows.")
    agp("ingest")
    assert json.loads(agp("lanes", "build", lane, "--json").stdout)["build_id"] != made["build_id"]
    before = rows("select count(*) from v_exchanges")
    found = again(facts_of(made))
    assert {line.verdict for line in found.values()} == {"equal"}, found
    assert rows("select count(*) from v_exchanges") == before  # of the copy alone was taken


def test_a_dataset_that_cannot_be_made_again_says_why(talk, agp):
    talk(0, 12)
    made = json.loads(agp("lanes", "build", "sft", "--json").stdout)
    talk(12, 14)
    salt = agp_home() / "salt"
    agp("lanes", "build", "sft")
    own = agp_home() / "rules"
    own.mkdir()
    (own / "mine.toml").write_text(RULE)
    line = again(facts_of(made))["dataset"]
    assert (
        line.verdict == "differs" and "8 records that were ingested since were left out" in line.why
    )
    assert salt.is_file()


RULE = """
[[rule]]
id = "no-guide-three"
why = "A test."
lanes = ["sft"]
on = "exchange"
action = "drop"
where = "contains(prompt, 'guide number 3 ')"
hit = ["Write page 0 of guide number 3 to the garden"]
miss = ["Write page 0 of guide number 4 to the garden"]
"""
