"""One exchange, many sightings: what is planted in the sample's logs against what is found."""

import json

import pytest
from click.testing import CliRunner

from agp.cli import main
from lanes.sightings.planted import measure


@pytest.fixture(scope="module")
def measured():
    return measure()


def test_precision_and_recall_over_what_is_planted(measured):
    for score in measured["sightings"].values():
        assert score["n"] >= 300 and score["value"] >= 0.99
        assert score["interval"][0] > 0.98


def test_forks_are_told_from_what_is_not_one(measured):
    assert measured["forks"]["recall"] == measured["forks"]["precision"]
    assert measured["forks"]["recall"]["value"] == 1 and measured["forks"]["recall"]["n"] >= 10


def test_what_was_left_apart_is_listed(measured):
    assert measured["left_apart"] >= 10


def test_the_audit_of_a_history(claude_tree, home, agp):
    session = claude_tree()
    for words in ("Fix the gate.", "Go on.", "Go on."):
        session.person(words)
        session.agent("Done.")
    session.fork("s2").person("Paint it")
    log = home / ".claude/history.jsonl"
    rows = [("Fix the gate.", 1772355660000), ("Go on.", 1772361960000), ("Only here.", 1)]
    log.write_text(
        "".join(
            json.dumps({"display": text, "timestamp": at, "sessionId": "s1"}) + "\n"
            for text, at in rows
        )
    )
    agp("ingest")
    found = json.loads(agp("sources", "audit", "--json").stdout)
    of = {row.pop("source"): row for row in found["sources"]}
    assert of["claude"] == {"seen": 4, "decides": 4, "alone": 3, "shared": 1}
    assert of["claude_history"] == {"seen": 3, "decides": 2, "alone": 2, "shared": 1}
    assert found["copies"]["forked_sessions"] == 1 and found["copies"]["copied_exchanges"] == 3
    [apart] = found["apart"]
    assert apart["candidates"] == 2 and apart["exchange_id"].startswith("x")
    out = CliRunner().invoke(main, ["sources", "audit"]).stdout
    assert apart["exchange_id"] in out and "stay apart" in out
