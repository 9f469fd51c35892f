"""Rollouts of Codex: four generations, forks, packed files, tokens; each thing counted once."""

import json
import os
from pathlib import Path

import pyarrow as pa
import pytest

from lanes.sample_history.rollouts import copy_rollouts_to

ASKED = (
    "select author, kind, prompt, answer, tool_calls, tool_errors from v_exchanges "
    "where kind <> 'notice' order by prompt"
)
CORPUS = os.environ.get("AGP_CORPUS")


def pack(path: Path, keep: bool = False) -> Path:
    packed = path.with_name(path.name + ".zst")
    with pa.CompressedOutputStream(pa.OSFile(str(packed), "wb"), "zstd") as stream:
        stream.write(path.read_bytes())
    if not keep:
        path.unlink()
    return packed


@pytest.fixture
def talk(codex):
    """Return a rollout of the second generation with two exchanges."""
    r = codex()
    r.header()
    r.said("user", "<environment_context>/home/dev/garden</environment_context>")
    r.line("turn_context", {"model": "gpt-5.2"})
    r.ask("Run the tests.")
    call = "call_0123456789abcdefghij"
    given = json.dumps({"command": ["bash", "-lc", "pytest -q"]})
    r.item("function_call", name="shell", arguments=given, call_id=call)
    ended = {"exit_code": 1, "duration_seconds": 2}
    printed = json.dumps({"output": "2 failed", "metadata": ended})
    r.item("function_call_output", call_id=call, output=printed)
    r.answer("Two fail.")
    r.ask("Fix them.")
    r.item("custom_tool_call", name="apply_patch", input="*** Begin Patch", call_id="call_patch")
    r.item("custom_tool_call_output", call_id="call_patch", output="Success")
    r.answer("Fixed.")
    return r


def test_words_that_stand_twice_count_once(talk, agp, rows):
    talk.ask("## My request for Codex:\nCommit it.")
    talk.said("user", "And push it.")
    talk.event("turn_aborted", reason="interrupted")
    agp("ingest")
    assert rows(ASKED) == [
        ("person", "prompt", "And push it.", None, 0, 0),
        ("person", "prompt", "Commit it.", None, 0, 0),
        ("person", "prompt", "Fix them.", "Fixed.", 1, 0),
        ("person", "prompt", "Run the tests.", "Two fail.", 1, 1),
    ]
    assert rows("select prompt from v_exchanges where interrupted") == [("And push it.",)]
    assert rows("select agent, source, project, git_branch, client_version from v_sessions") == [
        ("codex", "codex", "garden", "main", "0.140.0")
    ]


def test_tools_have_common_names_and_say_how_they_ended(talk, agp, rows):
    done = "call_aaaaaaaaaaaaaaaaaaaa"
    talk.item("function_call", name="exec_command", arguments='{"cmd": "make"}', call_id=done)
    head = "Chunk ID: 1\nWall time: 1.5 seconds\nProcess exited with code 2\nOutput:\nExit code: 0"
    talk.item("function_call_output", call_id=done, output=head)
    agp("ingest")
    told = rows("select tool, original_name, ok, exit_code, duration_ms, input from v_tool_calls")
    assert sorted(told) == [
        ("Bash", "exec_command", False, 2, 1500, '{"cmd":"make"}'),
        ("Bash", "shell", False, 1, 2000, '{"command":"pytest -q"}'),
        ("Edit", "apply_patch", True, None, None, '"*** Begin Patch"'),
    ]


def test_completed_items_take_the_place_of_events(codex, agp, rows):
    r = codex()
    r.header()
    call = "call_0123456789abcdefghij"
    r.completed("UserMessage", content=[{"type": "Text", "text": "List it."}])
    r.said("user", "List it.")
    r.item("function_call", name="shell", arguments='{"command": ["ls"]}', call_id=call)
    run = {"command": ["ls"], "exit_code": 0, "status": "completed", "aggregated_output": "a.txt"}
    r.completed("CommandExecution", id=call, duration={"secs": 1, "nanos": 0}, **run)
    r.item("function_call_output", call_id=call, output="a.txt")
    r.completed("CommandExecution", id="x", command="rm a.txt", status="declined")
    changes = {"/a.txt": {"type": "update", "unified_diff": "@@"}}
    r.completed("FileChange", id="y", changes=changes, status="failed")
    r.completed("AgentMessage", content=[{"type": "Text", "text": "One file."}], phase="commentary")
    agp("ingest")
    assert rows(ASKED) == [("person", "prompt", "List it.", "One file.", 3, 2)]
    assert rows(
        "select tool, output, ok, rejected, exit_code, duration_ms from v_tool_calls order by input"
    ) == [
        ("Edit", "", False, False, None, None),
        ("Bash", "a.txt", True, False, 0, 1000),
        ("Bash", "", False, True, None, None),
    ]


def test_runs_of_response_items_alone_and_flat_ones_without_times(codex, agp, rows):
    bare = codex(1)
    bare.header()
    bare.item("message", role="developer", content=[{"type": "input_text", "text": "Be terse."}])
    bare.said("user", "Say hi.")
    bare.said("assistant", "Hi.")
    flat = codex(2)
    head = {"id": flat.session_id, "timestamp": "2025-08-03T09:00:00Z", "git": None}
    state = {"record_type": "state"}
    flat.raw(f"{json.dumps(head)}\n{json.dumps(state)}\n")
    for role, text in (("user", "Go on."), ("assistant", "Yes."), ("user", "Go on.")):
        item = {"type": "message", "role": role, "content": [{"type": "text", "text": text}]}
        flat.raw(f"{json.dumps(item)}\n{json.dumps(state)}\n")
    agp("ingest")
    found = rows("select prompt, answer, asked_at is null from v_exchanges where author = 'person'")
    assert sorted(found, key=str) == [
        ("Go on.", "Yes.", True),
        ("Go on.", None, True),
        ("Say hi.", "Hi.", False),
    ]


def test_a_fork_repeats_nothing_and_names_its_parent(talk, agp, rows):
    talk.tokens({"input_tokens": 9, "cached_input_tokens": 4, "output_tokens": 3}, 12)
    fork = talk.fork("019fc8be-3658-7ca3-9e29-000000000009")
    fork.ask("Another way, please.")
    fork.answer("Done the other way.")
    fork.tokens({"input_tokens": 20, "output_tokens": 5}, 37)
    agp("ingest")
    assert rows(
        "select prompt, right(session_id, 1), sightings from v_exchanges "
        "where kind <> 'notice' order by 1"
    ) == [
        ("Another way, please.", "9", 1),
        ("Fix them.", "1", 2),
        ("Run the tests.", "1", 2),
    ]
    assert rows("select right(parent_session_id, 1) from v_sessions order by session_id") == [
        (None,),
        ("1",),
    ]
    assert rows(
        "select sum(input_tokens), sum(cache_read_tokens), sum(output_tokens), count(*) "
        "from v_usage"
    ) == [(25, 4, 8, 2)]


def test_tokens_are_increments_told_by_one_record_or_another(talk, agp, rows):
    last = {"input_tokens": 10, "output_tokens": 6, "reasoning_output_tokens": 2}
    talk.tokens(last, 16)
    talk.tokens(last, 16)  # the same snapshot again: no call
    talk.event("token_count", info=None)
    usage = {"usage": last, "turn_token_usage": last, "thread_token_usage": last}
    talk.line("token_usage_record", {"response_id": "resp_1", **usage})
    talk.line("token_usage_record", {"response_id": "resp_2", **usage})
    talk.tokens(last, 32)
    agp("ingest")
    assert rows(
        "select count(*), sum(input_tokens), sum(output_tokens), sum(reasoning_tokens), "
        "any_value(model) from v_usage"
    ) == [(2, 20, 8, 4, "gpt-5.2")]


def test_a_packed_rollout_is_the_same_file(talk, agp, rows, kept):
    whole = talk.path.read_bytes()
    agp("ingest")
    packed = pack(talk.path, keep=True)
    agp("ingest")
    talk.path.unlink()
    assert json.loads(agp("ingest", "--json").stdout)["files"]["gone"] == 0
    assert rows("select version, state, bytes from files") == [(1, "present", len(whole))]
    assert json.loads(agp("ingest", "--json").stdout)["files"]["unchanged"] == 1
    assert kept(talk.path) == [whole]
    packed.write_bytes(packed.read_bytes()[:-30])
    cut = json.loads(agp("ingest", "--json").stdout)["files"]["unreadable"]
    assert cut[0]["path"] == str(packed) and "ends too early" in cut[0]["reason"]
    assert rows("select count(*) from v_exchanges where author = 'person'") == [(2,)]


def test_a_packed_rollout_that_was_never_seen_plain_is_read(talk, agp, rows, kept):
    whole = talk.path.read_bytes()
    pack(talk.path)
    agp("ingest")
    assert rows("select count(*) from v_exchanges where author = 'person'") == [(2,)]
    assert kept(talk.path) == [whole]
    assert "every byte as it was read" in agp("warehouse", "verify").output


def test_an_archived_rollout_is_no_second_session(talk, home, agp, rows):
    agp("ingest")
    archive = home / ".codex" / "archived_sessions"
    archive.mkdir()
    talk.path.rename(archive / talk.path.name)
    agp("ingest")
    assert rows("select count(*), sum(sightings) from v_exchanges") == [(3, 6)]
    assert rows("select state from files order by path") == [("present",), ("gone",)]


@pytest.mark.slow
def test_a_rollout_read_in_pieces_is_the_one_read_whole(talk, home, agp, rows):
    last = {"input_tokens": 10, "output_tokens": 6}
    talk.tokens(last, 16)
    talk.tokens(last, 16)
    lines, query = talk.path.read_bytes().splitlines(keepends=True), "select * from {} order by all"
    views = [query.format(v) for v in ("v_exchanges", "v_messages", "v_tool_calls", "v_usage")]
    agp("ingest")
    whole = [rows(view) for view in views]
    (home / ".agp" / "warehouse.duckdb").unlink()
    for n in range(1, len(lines) + 1):
        talk.path.write_bytes(b"".join(lines[:n]))
        if n % 3 == 0 or n == len(lines):
            agp("ingest")
    assert [rows(view) for view in views] == whole
    agp("warehouse", "rebuild")
    assert [rows(view) for view in views] == whole


def test_a_rollout_cut_anywhere_is_read_as_far_as_it_goes(talk, agp, rows, kept):
    whole = talk.path.read_bytes()
    for cut in range(40, len(whole), len(whole) // 7):
        talk.path.write_bytes(whole[:cut])
        agp("ingest")
    talk.path.write_bytes(whole)
    agp("ingest")
    assert rows("select count(*) from v_exchanges where author = 'person'") == [(2,)]
    assert kept(talk.path)[-1] == whole


def test_the_rollouts_of_the_sample_are_what_they_are(home, agp, rows):
    truth = copy_rollouts_to(home)
    agp("ingest")
    asked = rows("select prompt, answer from v_exchanges where author = 'person' order by all")
    assert asked == sorted(truth.prompts.items())
    assert rows("select sum(output_tokens)::bigint from v_usage") == [(truth.tokens,)]
    assert rows("select count(*), count(*) filter (ok) from v_tool_calls") == [(truth.calls,) * 2]
    assert rows("select count(parent_session_id) from v_sessions") == [(truth.forks,)]
    assert rows("select count(*) from v_sightings where source = 'codex_history'") == [(8,)]


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="AGP_CORPUS names no folder")
def test_rollouts_of_other_people(home, agp, rows):
    folder = home / ".codex" / "sessions"
    folder.mkdir(parents=True)
    for number, path in enumerate(sorted(Path(str(CORPUS)).rglob("*.jsonl"))):
        if "codex" in str(path).split("Fixtures")[-1]:
            (folder / f"rollout-{number}.jsonl").write_bytes(path.read_bytes())
    agp("ingest")
    asked = [p for (p,) in rows("select prompt from v_exchanges where author = 'person'")]
    assert sorted(asked) == ["List the files", "Start", *(f"Step {n}" for n in range(1, 6))]
    assert rows("select count(*) from v_quarantine") == [(0,)]
