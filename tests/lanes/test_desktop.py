"""Claude Desktop: Cowork's transcripts are read, their audit copy never is."""

import json
from pathlib import Path

import pytest

from lanes.sample_history.desktop import copy_desktop_to

SESSION = "5e551099-0000-4000-8000-000000000009"
ID = "0f0f0f0f-0000-4000-8000-000000000001"


@pytest.fixture
def cowork(home: Path, claude_tree) -> Path:
    """A Cowork session with all that lies beside it, in this home's app data."""
    top = home / ".config/Claude/local-agent-mode-sessions" / ID / ID / f"local_{ID}"
    written = claude_tree(SESSION, cwd="/sessions/brave-elegant-euler")
    written.person("Sort the invoices")
    written.tool("Bash", "3 files", command="ls")
    written.agent("Sorted.")
    target = top / ".claude/projects/-sessions-brave" / f"{SESSION}.jsonl"
    target.parent.mkdir(parents=True)
    written.path.rename(target)
    (top / "audit.jsonl").write_text(target.read_text().replace("sessionId", "session_id"))
    about = {"sessionId": f"local_{ID}", "cliSessionId": SESSION, "title": "Invoices of March"}
    about |= {"userSelectedFolders": ["/home/dev/papers"], "createdAt": 1772355600000}
    top.with_suffix(".json").write_text(json.dumps(about))
    return target


def test_a_cowork_session_is_read_once_with_title_and_folder(cowork, agp, rows):
    agp("ingest")
    seen = "select source, agent, project, prompt, answer, tool_calls, sightings from v_exchanges"
    asked = ("claude_cowork", "claude", "papers", "Sort the invoices", "Sorted.", 1, 1)
    assert rows(seen) == [asked]
    assert rows("select title, exchanges from v_sessions") == [("Invoices of March", 1)]
    assert rows("select kind from v_files order by 1") == [("metadata",), ("transcript",)]
    agp("warehouse", "diff")


def test_a_new_title_counts(cowork, agp, rows):
    agp("ingest")
    about = cowork.parents[3].with_suffix(".json")
    about.write_text(about.read_text().replace("of March", "of April"))
    agp("ingest")
    assert rows("select title from v_sessions") == [("Invoices of April",)]
    assert rows("select version, state from v_files where kind = 'metadata' order by 1") == [
        (1, "rewritten"),
        (2, "present"),
    ]


def test_a_copied_folder_of_it_may_be_named(cowork, agp, rows, home):
    (home / ".config/Claude").rename(home / "copy")
    agp("ingest", home / "copy")
    assert rows("select source from v_exchanges") == [("claude_cowork",)]


def test_a_deleted_one_comes_back(cowork, agp):
    agp("ingest")
    whole = cowork.read_bytes()
    cowork.unlink()
    agp("ingest")
    agp("restore", SESSION)
    assert cowork.read_bytes() == whole


def test_what_is_planted_in_the_sample(home, agp, rows):
    planted = copy_desktop_to(home)
    agp("ingest")
    asked = rows("select prompt from v_exchanges where source = 'claude_cowork' order by asked_at")
    assert [prompt for (prompt,) in asked] == planted["prompts"]
    assert rows("select project, title from v_sessions where source = 'claude_cowork'") == [
        ("papers", "Receipts of May")
    ]
    [(typed,)] = rows("select prompt from v_exchanges where source = 'claude_history'")
    assert planted["paste"] in typed and "[Pasted" not in typed
    assert rows("select max(sightings) from v_exchanges") == [(1,)]


def test_the_code_tab_names_an_ordinary_session(home, claude_tree, agp, rows):
    claude_tree(SESSION).person("Fix the gate")
    folder = home / ".config/Claude/claude-code-sessions/1/2"
    folder.mkdir(parents=True)
    (folder / "local_1.json").write_text(json.dumps({"cliSessionId": SESSION, "title": "The gate"}))
    agp("ingest")
    assert rows("select title, source from v_sessions") == [("The gate", "claude")]
