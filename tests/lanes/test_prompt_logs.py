"""The Prompt Logger's logs: every spelling, odd values, and the rankings they give an exchange."""

import json
from itertools import product
from pathlib import Path

import pytest

SEEN = "select prompt, answer, source, sightings from v_exchanges order by asked_at, prompt"
RANKS = "select tool_calls, tool_errors, edits, complexity, logged_tokens from "


@pytest.fixture
def log(home):
    """Return a function that appends a row, or bytes as they are, to a log of that name."""

    def row(name: str, record: dict | bytes) -> Path:
        path = home / ".claude" / "prompt-logs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        line = record if isinstance(record, bytes) else json.dumps(record).encode() + b"\n"
        path.write_bytes((path.read_bytes() if path.exists() else b"") + line)
        return path

    return row


def test_a_row_alone_is_an_exchange_with_turns_tools_and_scores(log, agp, rows):
    call = {"tool_name": "exec_command", "tool_input": {"command": "make"}, "duration_ms": 12}
    call |= {"success": True, "exit_code": 2}
    log(
        "verbose-all.jsonl",
        {
            "session_id": "v1",
            "prompt_id": "p1",
            "source": "cursor",
            "prompt_text": "Build it.",
            "prompt_received_at": "2026-03-01T09:00:00Z",
            "environment": {"cwd": "/home/dev/garden"},
            "git_context_json": '{"branch": "main", "is_dirty": true}',
            "complexity_score": 0.7,
            "total_token_usage": {"input_tokens": 5, "output_tokens": 2},
            "files_modified": ["Makefile"],
            "errors": ["boom"],
            "tool_calls": 9,
            "assistant_turns": [
                "Building.",
                {"text_response": "It fails.", "tool_calls": [call]},
            ],
        },
    )
    agp("ingest")
    assert rows(SEEN) == [("Build it.", "Building.\n\nIt fails.", "verbose", 1)]
    assert rows(RANKS + "v_exchanges") == [(1, 1, 0, 0.7, 7)]
    assert rows("select tool_calls, tool_errors, edits from v_sightings") == [(9, 1, 1)]
    assert rows("select agent, project, git_branch from v_sessions") == [
        ("cursor", "garden", "main")
    ]
    assert rows("select tool, original_name, ok, exit_code, duration_ms from v_tool_calls") == [
        ("Bash", "exec_command", False, 2, 12)
    ]


def test_all_spellings_are_read_alike(log, agp, rows):
    names = ("verbose-all.jsonl", "prompts-all.jsonl", "sessions/x/verbose.jsonl")
    prompts, sessions = ("prompt_text", "prompt", "user_message"), ("session_id", "sessionId")
    ways = list(product(names, prompts, sessions))
    for n, (name, prompt, session) in enumerate(ways):
        answer = "response" if n % 2 else "assistant_message"
        log(name, {session: f"s{n}", prompt: "Why?", answer: "So.", "captured_at": 1772355600000})
    agp("ingest")
    query = "select prompt, answer, asked_at::varchar, count(*) from v_exchanges group by all"
    assert rows(query) == [("Why?", "So.", "2026-03-01 09:00:00", len(ways))]


def test_a_transcript_decides_the_words_and_the_log_the_scores(claude_tree, log, agp, rows):
    s = claude_tree()
    s.person("Fix the gate.")
    s.tool("Bash", "ok", command="make")
    s.agent("The gate is fixed.")
    same = {"session_id": "s1", "prompt": "Fix  the gate.", "timestamp": "2026-03-01T09:01:01Z"}
    log("prompts-all.jsonl", same | {"response": "fixed (short)", "tools_used": ["Bash"]})
    scored = {"complexity_score": 0.25, "total_token_usage": 90, "tool_calls": 7}
    log("verbose-all.jsonl", same | scored | {"assistant_turns": ["The gate is fixed."]})
    agp("ingest")
    assert rows(SEEN) == [("Fix the gate.", "The gate is fixed.", "claude", 3)]
    assert rows(RANKS + "v_exchanges") == [(1, 0, 0, 0.25, 90)]
    assert rows("select source, tool_calls from v_sightings order by source") == [
        ("claude", None),
        ("prompts", 1),
        ("verbose", 7),
    ]
    agp("filters", "run")
    assert rows("select complexity, logged_tokens, sightings from features") == [(0.25, 90, 3)]
    tried = agp("filters", "try", "complexity < 0.5 and logged_tokens = 90", "--json").stdout
    assert json.loads(tried)["hits"] == 1


def test_an_answer_comes_from_the_highest_source_that_has_one(log, agp, rows):
    same = {"session_id": "s1", "prompt": "Fix it.", "timestamp": "2026-03-01T09:01:00Z"}
    log("verbose-all.jsonl", same | {"tool_calls": 4})
    log("prompts-all.jsonl", same | {"response": "Fixed."})
    agp("ingest")
    assert rows(SEEN) == [("Fix it.", "Fixed.", "verbose", 2)]
    assert rows("select tool_calls from v_exchanges") == [(4,)]


def test_odd_values_are_survived(log, agp, rows, kept):
    path = log("verbose-all.jsonl", b'{"prompt_text": "Cut \\ud83d", "complexity_score": NaN,')
    log(
        "verbose-all.jsonl",
        b' "total_token_usage": 1e999, "session_id": "s", "git_context_json": "{no",'
        b' "tool_calls": "many", "errors": null, "timestamp": "in the future",'
        b' "assistant_turns": {"content": [{"text": "Read."}, 4]}, "files_modified": -1}\n',
    )
    log("verbose-all.jsonl", {"prompt_text": 4, "assistant_turns": 4})
    log("verbose-all.jsonl", {"prompt_text": "<task-notification>done</task-notification>"})
    log("verbose-all.jsonl", {"prompt_text": "Late.", "session_id": "s", "timestamp": 99999999999})
    log("verbose-all.jsonl", {"prompt_text": "A\nkey", "session_id": "s\n1", "timestamp": "0"})
    agp("ingest")
    assert sorted(row[:2] for row in rows(SEEN)) == [
        ("A\nkey", None),
        ("Cut �", "Read."),
        ("Late.", None),
    ]
    assert rows("select distinct complexity, logged_tokens from v_exchanges") == [(None, None)]
    assert kept(path)[-1] == path.read_bytes()


@pytest.mark.slow
def test_logs_in_pieces_are_the_logs_whole(claude_tree, log, agp, rows, home):
    s = claude_tree()
    path = log("prompts-all.jsonl", {"prompt": "Elsewhere.", "session_id": "s2", "ts": 1772350000})
    for n in range(4):
        s.person(f"Do {n}.")
        s.agent(f"Done {n}.")
        time = f"2026-03-01T09:0{2 * n + 1}:00Z"
        row = {"session_id": "s1", "prompt": f"Do {n}.", "timestamp": time}
        log("prompts-all.jsonl", row | {"response": f"Done {n}.", "cwd": "/home/dev/garden"})
    lines = path.read_bytes().splitlines(keepends=True)
    views = [f"select * from {v} order by all" for v in ("v_exchanges", "v_messages", "v_sessions")]
    agp("ingest")
    whole = [rows(view) for view in views]
    (home / ".agp" / "warehouse.duckdb").unlink()
    for n in range(1, len(lines) + 1):
        path.write_bytes(b"".join(lines[:n]))
        agp("ingest")
    assert [rows(view) for view in views] == whole
    agp("warehouse", "rebuild")
    assert [rows(view) for view in views] == whole
