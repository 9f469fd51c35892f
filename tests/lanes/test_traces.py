"""`agp export traces`: what leaves, in which forms, and that nothing else does."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from lanes.ingest.stored import stored_files, stored_records
from warehouse.store import open_reader

Document = dict[str, Any]


@pytest.fixture
def garden(claude_tree, agp) -> str:
    """Ingest a session with a tool, a subagent, a picture and a secret; return its id."""
    session = claude_tree("s1")
    session.person("Ask somebody to look for the leak, and write to anna.weber@firma-beispiel.de")
    picture = {"type": "base64", "media_type": "image/png", "data": "iVBORw0KGgoAAA=="}
    session.user([{"type": "image", "source": picture}, {"type": "text", "text": "This one."}])
    usage = {"input_tokens": 3, "cache_read_input_tokens": 90, "cache_creation_input_tokens": 7}
    task = {"type": "tool_use", "id": "toolu_task", "name": "Task", "input": {"prompt": "Look"}}
    session.agent("I send somebody.", task, message={"usage": usage | {"output_tokens": 5}})
    sub = session.subagent("a1")
    sub.user("Look for the leak in the pipe of the garden")
    sub.tool("Bash", "drip", command="listen pipe", timeout=None)
    sub.agent("It leaks below the third bend.")
    session.result("toolu_task", "It leaks below the third bend.", toolUseResult={"agentId": "a1"})
    session.agent("Below the third bend.")
    agp("ingest")
    return "s1"


def documents(folder: Path) -> Iterator[Document]:
    for path in sorted((folder / "atif").rglob("*.json")):
        yield json.loads(path.read_text(encoding="utf-8"))


def all_of(document: Document) -> Iterator[Document]:
    """Yield a trajectory and those embedded in it, at any depth."""
    yield document
    for one in document.get("subagent_trajectories", []):
        yield from all_of(one)


def check(document: Document) -> None:
    """Assert what the atif package does not: calls, subagents, totals, copies."""
    ids = [call["tool_call_id"] for s in document["steps"] for call in s.get("tool_calls", [])]
    assert len(ids) == len(set(ids))
    embedded = {one["trajectory_id"] for one in document.get("subagent_trajectories", [])}
    for step in document["steps"]:
        mine = {call["tool_call_id"] for call in step.get("tool_calls", [])}
        for result in step.get("observation", {}).get("results", []):
            assert result["source_call_id"] in mine
            refs = result.get("subagent_trajectory_ref", [])
            assert {ref["trajectory_id"] for ref in refs} <= embedded
        assert not (step.get("is_copied_context") and step.get("metrics"))
    total = document["final_metrics"]
    assert total["total_steps"] == len(document["steps"])
    for name in ("prompt", "completion", "cached"):
        each = [
            step["metrics"][f"{name}_tokens"] for step in document["steps"] if "metrics" in step
        ]
        assert total[f"total_{name}_tokens"] == sum(each)
    for one in document.get("subagent_trajectories", []):
        check(one)


def test_a_session_as_atif(garden, agp, tmp_path):
    agp("export", "traces", "--session", garden, "--form", "atif", "--out", tmp_path / "out")
    [made] = documents(tmp_path / "out")
    check(made)
    assert [step["source"] for step in made["steps"]] == ["user", "user", "agent", "agent"]
    assert "[EMAIL_1]" in made["steps"][0]["message"] and made["steps"][1]["message"] == "This one."
    call = made["steps"][2]
    assert call["metrics"] == {
        "prompt_tokens": 100, "cached_tokens": 90, "completion_tokens": 5,
        "extra": {"cache_write_tokens": 7},
    }  # fmt: skip
    [result] = call["observation"]["results"]
    assert result["content"] == "It leaks below the third bend."
    assert result["subagent_trajectory_ref"] == [{"trajectory_id": "a1"}]
    [sub] = made["subagent_trajectories"]
    [tool] = sub["steps"][1]["tool_calls"]
    assert tool["arguments"] == {"command": "listen pipe", "timeout": None}
    assert sub["steps"][1]["observation"]["results"][0]["content"] == "drip"


def test_a_transcript_keeps_its_records_and_loses_secrets_and_pictures(garden, agp, tmp_path):
    agp("export", "traces", "--session", garden, "--form", "transcripts", "--out", tmp_path / "out")
    folder = tmp_path / "out" / "transcripts" / "garden"
    paths = [str(p.relative_to(folder)) for p in sorted(folder.rglob("*.jsonl"))]
    assert paths == ["s1/subagents/agent-a1.jsonl", "s1.jsonl"]
    text = (folder / "s1.jsonl").read_text(encoding="utf-8")
    assert "anna.weber" not in text and "iVBOR" not in text and "image left out" in text
    first = (tmp_path / ".claude/projects/-home-dev-garden/s1.jsonl").read_text().splitlines()
    assert [json.loads(line)["uuid"] for line in text.splitlines()] == [
        json.loads(line)["uuid"] for line in first
    ]


def test_what_a_fork_copied_is_marked_and_its_tokens_count_once(claude_tree, agp, tmp_path):
    session = claude_tree("s1")
    session.person("Why does the gate of the garden squeak?")
    session.agent("Its lower hinge is dry.")
    fork = session.fork("s2")
    fork.person("And the upper one?")
    fork.agent("It has oil.")
    agp("ingest")
    agp("export", "traces", "--project", "garden", "--out", tmp_path / "out")
    first, second = documents(tmp_path / "out")
    for one in (first, second):
        check(one)
    assert not any(step.get("is_copied_context") for step in first["steps"])
    marks = [step.get("is_copied_context", False) for step in second["steps"]]
    assert marks == [True, True, False, False]
    assert second["extra"]["parent_session_id"] == "s1"
    assert [d["final_metrics"]["total_prompt_tokens"] for d in (first, second)] == [10, 10]


def test_a_file_of_several_sessions_gives_those_that_were_asked_for(claude_tree, agp, tmp_path):
    for name in ("s1", "s2"):
        session = claude_tree("both", sessionId=name)
        session.session_id = name
        session.person(f"What is in the shed of {name}?")
        session.agent(f"Tools of {name}.")
    agp("ingest")
    agp("export", "traces", "--session", "s2", "--out", tmp_path / "out")
    [path] = (tmp_path / "out" / "transcripts").rglob("*.jsonl")
    lines = [json.loads(line) for line in path.read_bytes().splitlines()]
    assert {line["sessionId"] for line in lines} == {"s2"} and len(lines) == 2
    [made] = documents(tmp_path / "out")
    assert "shed of s2" in str(made) and "s1" not in str(made)


def test_if_a_detector_fires_nothing_is_left(garden, agp, monkeypatch, tmp_path):
    monkeypatch.setattr("filters.secrets.Redactor.value", lambda self, value: value)
    result = agp("export", "traces", "--session", garden, "--out", tmp_path / "out", exit_code=2)
    assert "email in " in result.stderr and "anna.weber" not in result.stderr
    assert not (tmp_path / "out").exists() and not list(tmp_path.glob(".partial*"))


def test_what_was_asked_for_must_be_said_and_be_there(garden, agp, tmp_path):
    def refused(*args: object) -> str:
        return agp("export", "traces", *args, exit_code=2).stderr

    assert "--project NAME" in refused()
    assert "no session s9" in refused("--session", "s9")
    assert "no session fits" in refused("--project", "orchard")
    assert "no session fits" in refused("--since", "2030-01-01")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.tex").write_text("x")
    assert "not empty" in refused("--session", garden, "--out", tmp_path / "mine")


@pytest.fixture(scope="module")
def exported(sample, tmp_path_factory) -> Path:
    """Return a folder with all sessions of the sample history."""
    from click.testing import CliRunner

    from agp.cli import main

    out = tmp_path_factory.mktemp("exported") / "out"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(sample))
        patch.setenv("AGP_HOME", str(sample / ".agp"))
        args = ["export", "traces", "--since", "2000-01-01", "--out", str(out)]
        done = CliRunner().invoke(main, args)
    assert done.exit_code == 0, done.output
    return out


@pytest.mark.slow
def test_the_sample_is_valid_atif_and_its_tokens_are_the_warehouses(exported, sample):
    from atif import Trajectory

    found = list(documents(exported))
    for document in found:
        Trajectory.model_validate(document)
        check(document)
    each = [one["final_metrics"] for document in found for one in all_of(document)]
    prompt, cached = (
        sum(one[name] for one in each) for name in ("total_prompt_tokens", "total_cached_tokens")
    )
    with open_reader(sample / ".agp" / "warehouse.duckdb") as con:
        asked = "sum(input_tokens + cache_read_tokens + cache_write_tokens), sum(cache_read_tokens)"
        assert con.execute(f"select {asked} from v_usage").fetchall() == [(prompt, cached)]
    copied = [s for d in found for s in d["steps"] if s.get("is_copied_context")]
    assert len(found) > 100 and len(copied) > 100
    refs = str(found).count("subagent_trajectory_ref")
    assert refs > 20


@pytest.mark.slow
def test_every_readable_record_of_the_sample_is_a_line(exported, sample):
    written = sum(
        len(path.read_bytes().splitlines()) for path in (exported / "transcripts").rglob("*.jsonl")
    )
    with open_reader(sample / ".agp" / "warehouse.duckdb") as con:
        kept = [f for f in stored_files(con) if f.kind in ("transcript", "subagent")]
        assert written == sum(1 for file in kept for _ in stored_records(con, file))


@pytest.mark.slow
def test_claude_code_log_and_claude_code_transcripts_open_it(exported, tmp_path):
    folder = exported / "transcripts" / "krume"
    log = viewer("claude-code-log", folder, "-o", tmp_path / "log.html", home=tmp_path)
    assert "Successfully combined" in log
    assert "receipt" in (tmp_path / "log.html").read_text(encoding="utf-8")
    for number, path in re.findall(r"Line (\d+) of (\S+) \| \d+ validation errors? for", log):
        line = Path(path).read_bytes().split(b"\n")[int(number) - 1]
        assert "parentUuid" not in json.loads(line)  # it was odd before it came in
    transcripts = sorted(p for p in folder.glob("*.jsonl") if not p.name.startswith("agent-"))
    largest = max(transcripts, key=lambda p: p.stat().st_size)
    out = viewer(
        "claude-code-transcripts", "json", largest, "-o", tmp_path / "pages", home=tmp_path
    )
    assert " prompts, " in out and (tmp_path / "pages" / "index.html").exists()


def viewer(name: str, *args: object, home: Path) -> str:
    """Run a viewer in a home of its own; return what it printed."""
    program = Path(sys.executable).with_name(name)
    done = subprocess.run(
        [program, *map(str, args)],
        capture_output=True,
        text=True,
        env=os.environ | {"HOME": str(home)},
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return done.stdout + done.stderr
