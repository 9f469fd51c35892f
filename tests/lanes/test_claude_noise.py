"""Who typed a record: one golden case or more for each kind of noise, and the words that stay."""

from dataclasses import replace

import pytest

from lanes.sources.claude import normalise
from lanes.sources.files import SourceFile
from lanes.sources.rows import TABLES, Rows

FILE = SourceFile("claude", "s1.jsonl", "transcript", "s1", None, "f1")
COLUMNS = list(TABLES["messages"])


def read(record, **file):
    """Return the rows of one record."""
    rows = Rows()
    normalise(replace(FILE, **file), [(0, record)], rows)
    rows.to_arrow()
    return rows


def told(record, **file):
    """Return (author, kind, text) of one record's message."""
    message = dict(zip(COLUMNS, read(record, **file).messages[0], strict=True))
    return message["author"], message["kind"], message["text"]


def user(content, **keys):
    return {"type": "user", "message": {"role": "user", "content": content}} | keys


def text(words):
    return {"type": "text", "text": words}


RESULT = {"type": "tool_result", "tool_use_id": "t1", "content": "ok"}
IDE = "<ide_opened_file>The user opened a.py</ide_opened_file>"
REMINDER = "<system-reminder>The list is empty</system-reminder>"
COMMAND = (
    "<command-message>fix</command-message><command-name>/fix</command-name>"
    "<command-args>the login</command-args>"
)
NOTICES = [
    (user("<local-command-stdout>done</local-command-stdout>"), "local_output"),
    (user("<local-command-caveat>Caveat</local-command-caveat>", isMeta=True), "local_output"),
    (user("Caveat: The messages below were generated", isMeta=True), "caveat"),
    (user("Caveat: The messages below were generated"), "caveat"),
    (user("Warmup"), "warmup"),
    (user("[Request interrupted by user]"), "interruption"),
    (
        user([{"type": "text", "text": "[Request interrupted by user for tool use]"}]),
        "interruption",
    ),
    (user(REMINDER), "reminder"),
    (user(IDE), "ide_context"),
    (user("This session is being continued from a previous conversation that"), "compact_summary"),
    (user("Summary of it all", isCompactSummary=True), "compact_summary"),
    (
        user("<task-notification>x</task-notification>", permissionMode="default"),
        "task_notification",
    ),
    (
        user("Anything", origin={"kind": "task-notification"}, permissionMode="a"),
        "task_notification",
    ),
    (user("<bash-notification>x"), "task_notification"),
    (user("<bash-stdout>x</bash-stdout><bash-stderr></bash-stderr>"), "shell_output"),
    (user("Base directory for this skill: /x", isMeta=True), "skill"),
    (user("Stop hook feedback:\nno", isMeta=True), "hook"),
    (user("[Image: source: /tmp/a.png]", isMeta=True), "image_path"),
    (user('<teammate-message id="a">x</teammate-message>'), "teammate"),
    (user("Any other body", isMeta=True), "expansion"),
    (user("<tick>9:00</tick>"), "tick"),
    (user("Look again", origin={"kind": "cron"}), "tick"),
    (user("<heartbeat/>"), "heartbeat"),
    (user("<keep-alive>"), "heartbeat"),
    (user(None), "empty"),
    (user([]), "empty"),
    (user("<command-name>/clear</command-name><command-args></command-args>"), "slash_command"),
]
WORDS = [
    (user("Fix it"), ("person", "prompt", "Fix it")),
    (user("Why does the heartbeat stop?"), ("person", "prompt", "Why does the heartbeat stop?")),
    (user("heartbeat"), ("person", "prompt", "heartbeat")),
    (user("What is <task-notification>?"), ("person", "prompt", "What is <task-notification>?")),
    (user("Warmup the cache"), ("person", "prompt", "Warmup the cache")),
    (user([{"type": "text", "text": "Look"}, {"type": "image"}]), ("person", "prompt", "Look")),
    (
        user("[Request interrupted by user] y"),
        ("person", "prompt", "[Request interrupted by user] y"),
    ),
    (user(f"{IDE}\nFix it"), ("person", "prompt", "Fix it")),
    (user([text(IDE), text("Fix it")]), ("person", "prompt", "Fix it")),
    (user(f"Fix it\n{REMINDER}"), ("person", "prompt", "Fix it\n")),
    (user(COMMAND), ("command", "command", "the login")),
    (user("<bash-input>ls -l</bash-input>"), ("command", "shell", "ls -l")),
    (user("Hi", origin={"kind": "human"}, isSidechain=True), ("person", "prompt", "Hi")),
    (user("Search the docs", isSidechain=True), ("agent", "task", "Search the docs")),
]


@pytest.mark.parametrize(("record", "kind"), NOTICES, ids=[kind for _, kind in NOTICES])
def test_nobody_typed_it(record, kind):
    assert told(record)[:2] == ("harness", kind)


@pytest.mark.parametrize(
    ("record", "expected"), WORDS, ids=[f"words{i}" for i in range(len(WORDS))]
)
def test_somebody_typed_it(record, expected):
    assert told(record) == expected


def test_a_tool_result_is_structure():
    assert told(user([RESULT])) == ("tool", "tool_result", None)


@pytest.mark.parametrize("place", [{"kind": "subagent", "agent_id": "a1"}, {}])
def test_a_subagents_first_words_are_its_task(place):
    record = user("Search it", isSidechain=True, agentId="a1")
    assert told(record, **place)[0] == "agent"
    assert told(user("Warmup", isSidechain=True), **place)[:2] == ("harness", "warmup")


@pytest.mark.parametrize(
    "given", [{"file_path": 3, "command": [None]}, ["a"], "text", 10**30, None, {"a": "\ud800"}]
)
def test_a_tool_may_be_given_anything(given):
    block = {"type": "tool_use", "id": "t1", "name": "Agent", "input": given}
    record = {"type": "assistant", "message": {"content": [block]}}
    assert read(record).to_arrow()["tool_uses"]["tool"].to_pylist() == ["Task"]


REFUSED = "The user doesn't want to proceed with this tool use."
ENDS = [
    ({"content": "x"}, {"stdout": "x", "stderr": ""}, (True, False, False, 0)),
    ({"content": "Exit code 2", "is_error": True}, "Error: Exit", (False, True, False, 2)),
    ({"content": "<tool_use_error>no</tool_use_error>"}, None, (False, True, False, None)),
    ({"content": REFUSED}, "User rejected tool use", (False, False, True, None)),
    ({"content": [text("x")]}, ["x"], (True, False, False, None)),
    ({"content": "x"}, {"interrupted": True, "stdout": ""}, (False, False, False, None)),
    ({"content": "x"}, {"exitCode": 1}, (False, False, False, 1)),
]


@pytest.mark.parametrize(("block", "beside", "expected"), ENDS)
def test_how_a_tool_ended(block, beside, expected):
    record = user([RESULT | block], toolUseResult=beside)
    row = dict(zip(TABLES["tool_results"], read(record).tool_results[0], strict=True))
    assert (row["ok"], row["explicit_error"], row["rejected"], row["exit_code"]) == expected


@pytest.mark.parametrize(
    "record",
    [
        {"type": "user"},
        {"type": "user", "message": "text", "uuid": 3, "parentUuid": [], "timestamp": {}},
        {"type": "assistant", "message": {"content": [None, 1, {"type": 2}, {"type": "image"}]}},
        {"type": "assistant", "message": {"content": {"type": "text", "text": "x"}, "usage": []}},
        {"type": "attachment"},
        {"type": "summary", "leafUuid": 1},
        {"type": ["x"]},
        {"silly": 1},
        {"type": "progress", "data": "x", "uuid": "u"},
        {"type": "system", "content": {"a": 1}},
        {"type": "cost-state", "startTime": 1, "totalDuration": 2},
        [1],
        42,
    ],
)
def test_odd_records_break_nothing(record):
    assert read(record).to_arrow() is not None


def test_half_an_emoji_becomes_the_mark_of_what_cannot_be_read():
    assert read(user("a\ud83d")).to_arrow()["messages"]["text"].to_pylist() == ["a\ufffd"]
