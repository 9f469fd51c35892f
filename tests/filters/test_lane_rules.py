"""What the bundled rules leave of one history in each lane: sft little, routing the process."""

import json

import pytest

from filters.rule import LANES
from filters.verdicts import verdicts

ANSWER = ("agent", "answer", "It stops at the last line end; I made it read on.")
TOLD = {
    "greeting": ("hi", ("agent", "answer", "Hello! What shall we look at?"), {}),
    "plain": ("Why does the parser drop the last line?", ANSWER, {}),
    "tick": ("check the queue", ANSWER, {"author": "harness", "kind": "tick"}),
    "subagent": ("Find every caller of load()", ANSWER, {"author": "agent", "kind": "task"}),
    "beat": ("[heartbeat] alive?", ("agent", "answer", "HEARTBEAT_OK"), {}),
    "concept": ("Does it stabilize?", ("agent", "answer", "Does it stabilize?"), {}),
    "notice": ("tests failed", ANSWER, {"author": "harness", "kind": "task_notification"}),
}
KEPT = {
    "sft": {"plain"},
    "routing": TOLD.keys() - {"beat"},
    "semantic": {"greeting", "plain", "concept"},
}


@pytest.mark.parametrize("lane", LANES)
def test_each_lane_keeps_what_it_is_for(tell, lane):
    for name, (prompt, answer, facts) in TOLD.items():
        tell(name, prompt, answer, **facts)
    found = verdicts(tell.con, lane).exchanges
    assert set(found.filter("keep")["exchange_id"].to_list()) == KEPT[lane]


def test_the_library_is_one_file_a_concern(agp):
    rules = json.loads(agp("filters", "list", "--json").output)
    assert {r["file"].rsplit("/", 1)[1].removesuffix(".toml")[3:] for r in rules} == {
        "typed", "orchestration", "notifications", "mirrors", "heartbeats", "machinery",
        "low-content", "quality", "process", "script", "safety",
    }  # fmt: skip
