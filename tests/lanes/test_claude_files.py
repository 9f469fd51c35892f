"""The same turn in several files, and what lies beside a transcript: counted once, and found."""

import json

WHOSE = "select prompt, session_id, sightings from v_exchanges order by prompt"


def test_a_resumed_session_repeats_nothing(claude_tree, agp, rows):
    s = claude_tree("b-first")
    s.person("One.")
    s.agent("Done.")
    resumed = s.fork("a-resumed")
    resumed.person("Two.")
    resumed.agent("Done too.")
    agp("ingest")
    assert rows(WHOSE) == [("One.", "b-first", 2), ("Two.", "a-resumed", 1)]
    assert rows("select session_id, parent_session_id, family_id from v_sessions order by 1") == [
        ("a-resumed", "b-first", "b-first"),
        ("b-first", None, "b-first"),
    ]
    one, two = rows("select exchange_id, parent_exchange_id from v_exchanges order by prompt")
    assert two[1] == one[0]
    assert rows("select sum(input_tokens), sum(output_tokens), count(*) from v_usage") == [
        (20, 10, 2)
    ]


def test_of_two_branches_the_one_that_went_on_first_is_the_origin(claude_tree, agp, rows):
    s = claude_tree("z-origin")
    s.person("Shared.")
    s.agent("Yes.")
    fork = s.fork("a-fork")
    s.person("Origin's own.")
    fork.count += 50
    fork.person("Fork's own.")
    agp("ingest")
    assert [row[:2] for row in rows(WHOSE)] == [
        ("Fork's own.", "a-fork"),
        ("Origin's own.", "z-origin"),
        ("Shared.", "z-origin"),
    ]
    assert rows("select count(distinct family_id) from v_sessions") == [(1,)]


def test_usage_of_a_split_message_is_its_largest_counter(claude_tree, agp, rows):
    s = claude_tree()
    s.person("Go.")
    for output in (3, 80, 80):
        usage = {"input_tokens": 7, "cache_read_input_tokens": 9, "output_tokens": output}
        s.agent("part", message={"id": "msg_1", "usage": usage}, requestId="req_1")
    agp("ingest")
    assert rows(
        "select call_id, input_tokens, cache_read_tokens, output_tokens, reasoning_tokens "
        "from v_usage"
    ) == [("msg_1:req_1", 7, 9, 80, 0)]


def test_subagents_in_all_three_places_know_their_call(claude_tree, agp, rows):
    s = claude_tree()
    s.person("Look into all of it.")
    calls = [s.tool("Task", "found", prompt=f"Task {n}", subagent_type="x") for n in (1, 2, 3)]
    s.user("Task 1", isSidechain=True, parentUuid=None)
    s.agent("Inline.", isSidechain=True)
    beside = claude_tree("agent-b2", isSidechain=True, agentId="b2")
    beside.always["sessionId"] = "s1"
    beside.person("Task 2", permissionMode=None)
    beside.agent("Beside.")
    below = s.subagent("c3")
    below.user("Task 3")
    below.agent("Below.")
    agp("ingest")
    found = rows(
        "select prompt, author, answer, caller_id, session_id from v_exchanges "
        "where agent_id is not null order by prompt"
    )
    answers = ("Inline.", "Beside.", "Below.")
    assert found == [
        (f"Task {n}", "agent", answer, call, "s1")
        for n, answer, call in zip((1, 2, 3), answers, calls, strict=True)
    ]
    assert rows("select answer from v_exchanges where author = 'person'") == [(None,)]


def test_output_beside_the_transcript_is_the_output(claude_tree, agp, rows):
    s = claude_tree()
    s.person("Print a lot.")
    call = s.tool("Bash", "<persisted-output>\nOutput too large. Full output saved to: /x/b7.txt\n")
    folder = s.path.with_suffix("") / "tool-results"
    folder.mkdir(parents=True)
    (folder / "b7.txt").write_text("all\nof it\n", encoding="utf-8")
    agp("ingest")
    assert rows("select tool_call_id, output, output_beside from v_tool_calls") == [
        (call, "all\nof it\n", True)
    ]


def test_a_summary_names_the_session_it_speaks_of(claude_tree, agp, rows):
    s = claude_tree("s1")
    s.person("Go.")
    leaf = s.agent("Done.")
    other = claude_tree("s2")
    other.line(json.dumps({"type": "summary", "summary": "Going", "leafUuid": leaf}))
    other.person("Another thing.")
    agp("ingest")
    assert rows("select session_id, title from v_sessions order by 1") == [
        ("s1", "Going"),
        ("s2", None),
    ]


def test_an_answer_that_came_later_joins_its_exchange(claude_tree, agp, rows):
    s = claude_tree()
    s.person("Go.")
    agp("ingest")
    s.agent("Done.")
    agp("ingest")
    assert rows("select prompt, answer from v_exchanges") == [("Go.", "Done.")]
