"""`agp restore`: a deleted transcript comes back byte for byte; what stands is not touched."""

import json
import os
from pathlib import Path

import pytest

from lanes.restore.place import Refused, target_of
from lanes.restore.wanted import Kept
from warehouse.errors import AgpError
from warehouse.store import open_writer

SESSION = "5e551011-0000-4000-8000-000000000001"
OTHER = "5e551022-0000-4000-8000-000000000002"
GONE = "select path from v_files where state = 'gone'"
THEN = 1_700_000_000_123_456_789


@pytest.fixture
def deleted(home, agp, claude_tree) -> dict[Path, bytes]:
    """Two sessions, one with all that may lie beside a transcript; read, then all of it deleted."""
    session, other = claude_tree(SESSION), claude_tree(OTHER)
    session.person("Water the roses\u2028please")
    session.tool("Bash", "QUJD" * 20_000, command="ls")
    session.line("{broken")
    session.subagent("a1").user("Look for slugs")
    old = session.path.with_name("agent-77.jsonl")
    old.write_text(json.dumps({"type": "user", "sessionId": SESSION, "uuid": "u1"} | SIDE) + "\n")
    output = session.path.with_suffix("") / "tool-results" / "toolu_1.txt"
    output.parent.mkdir()
    output.write_bytes(b"all of it \xff\0\r\n")
    other.person("Count the slugs")
    files = [f for f in (home / ".claude").rglob("*") if f.is_file()]
    for file in files:
        os.utime(file, ns=(THEN, THEN))
    agp("ingest")
    kept = {file: file.read_bytes() for file in files}
    for file in files:
        file.unlink()
    agp("ingest")
    return kept


SIDE = {"isSidechain": True, "agentId": "77", "message": {"role": "user", "content": "Old slugs"}}


def states(done) -> dict[str, str]:
    return {item["path"]: item["state"] for item in json.loads(done.stdout)}


def test_a_session_comes_back_byte_for_byte_with_its_time(deleted, agp, rows):
    out = agp("restore", SESSION).stdout
    assert "4 files written back (82 kB)" in out and "stood there" not in out
    assert f"claude --resume {SESSION}" in out
    mine = {path: data for path, data in deleted.items() if OTHER not in path.name}
    assert {path: path.read_bytes() for path in mine} == mine
    assert {path.stat().st_mtime_ns for path in mine} == {THEN}
    assert not [path for path in deleted if OTHER in path.name and path.exists()]
    assert not [path for path in mine if list(path.parent.glob("*.part"))]
    assert {path for (path,) in rows(GONE)} == {str(p) for p in deleted if OTHER in p.name}
    agp("ingest")
    assert "Every transcript" not in agp("restore").stdout  # the other one is still gone


def test_what_no_transcript_is_gone_of_is_counted_too(deleted, agp, home):
    agp("restore", "--gone")
    next(path for path in deleted if "agent-77" in path.name).unlink()
    assert "Gone beside these: 1 file of" in agp("restore").stdout


def test_where_nothing_is_kept_it_says_so(home, agp):
    (home / "none").mkdir()
    agp("ingest", home / "none")
    assert "No transcript is kept here yet; `agp ingest`" in agp("restore").stdout


def test_a_restore_beside_another_process_says_what_follows(deleted, agp, monkeypatch):
    def busy(**_):
        raise AgpError("process 4711 holds it")

    monkeypatch.setattr("warehouse.store.open_writer", busy)
    assert "count as gone until the next `agp ingest`" in agp("restore", SESSION).stderr


def test_all_that_is_gone_and_what_is_not(deleted, agp):
    gone = json.loads(agp("restore", "--json").stdout)
    listed = {s["session_id"] for s in gone}
    assert all(s["ended_at"][:10] in agp("restore").stdout for s in gone)
    assert listed == {SESSION, OTHER} and SESSION in agp("restore").stdout
    assert set(states(agp("restore", "--gone", "--json")).values()) == {"written"}
    assert {path: path.read_bytes() for path in deleted} == deleted
    assert states(agp("restore", "--gone", "--json")) == {}
    assert "stands in its place" in agp("restore").stdout  # as of now, without another ingest
    next(path for path in deleted if path.stem == OTHER).unlink()
    assert OTHER in agp("restore").stdout
    agp("ingest")
    [only] = json.loads(agp("restore", "--json").stdout)
    assert only["session_id"] == OTHER and only["gone_at"]


def test_a_file_that_stands_is_left_as_it_is(deleted, agp):
    path = next(path for path in deleted if path.stem == OTHER)
    path.write_text("mine")
    done = agp("restore", OTHER[:8], exit_code=1)
    assert "another file stands there" in done.stderr and path.read_text() == "mine"
    path.write_bytes(deleted[path] + b"more\n")
    assert states(agp("restore", OTHER, "--json")) == {str(path): "there"}
    path.unlink()
    path.symlink_to("/nowhere")
    agp("restore", OTHER, exit_code=1)
    assert path.is_symlink()


def test_into_another_folder_as_a_home_of_its_own(deleted, agp, home):
    out = agp("restore", SESSION, "--to", home / "old", "--touch").stdout
    assert f"CLAUDE_CONFIG_DIR={home / 'old'} claude --resume" in out
    found = home / "old/projects/-home-dev-garden" / f"{SESSION}.jsonl"
    original = next(path for path in deleted if path.stem == SESSION)
    assert found.read_bytes() == deleted[original] and found.stat().st_mtime_ns > THEN
    assert (found.with_suffix("") / "subagents/agent-a1.jsonl").exists()


def test_a_damaged_copy_is_not_given_back(deleted, agp, home):
    with open_writer() as con:
        con.execute("update files set prefix_sha256 = 'x'::blob")
    assert "verify" in agp("restore", SESSION, exit_code=1).stderr
    assert not list((home / ".claude").rglob("*.jsonl*"))


@pytest.mark.parametrize(
    "path",
    [
        "{home}/.claude/projects/../../../etc/x.jsonl",
        "{home}/.claude/projects/../x.jsonl",
        "/etc/cron.d/x.jsonl",
        "{home}/.claude/projects/out/x.jsonl",
        "{home}/.claude/projects/p/a\0b.jsonl",
    ],
)
def test_no_recorded_path_leads_out(home, path):
    (home / ".claude/projects").mkdir(parents=True)
    (home / ".claude/projects/out").symlink_to("/tmp")
    file = Kept("f", "claude", path.format(home=home), "transcript", "x", 0, 0, 0, b"")
    with pytest.raises(Refused):
        target_of(file, None)


def test_no_recorded_path_leads_out_of_a_given_folder(home):
    (home / "to/projects").mkdir(parents=True)
    (home / "to/projects/p").symlink_to("/tmp")
    for path in ("/h/projects/../../x.jsonl", "/h/projects/p/x.jsonl", "/x/../../../../y.jsonl"):
        file = Kept("f", "claude", path, "transcript", "x", 0, 0, 0, b"")
        with pytest.raises(Refused):
            target_of(file, home / "to")


def test_a_refusal_leaves_the_rest(deleted, agp, home):
    with open_writer() as con:
        con.execute("update files set path = '/etc/cron.d/x.jsonl' where kind = 'transcript'")
    done = agp("restore", SESSION, exit_code=1)
    assert "--to DIR" in done.stderr and "3 files written back" in done.stdout
    assert not Path("/etc/cron.d/x.jsonl").exists()


def test_what_is_not_kept_or_could_be_two(deleted, agp):
    assert "no transcript of a session" in agp("restore", "0123456789", exit_code=2).stderr
    assert "may be one of several" in agp("restore", "5e5510", exit_code=2).stderr
    assert "give 6 characters or more" in agp("restore", "5e55", exit_code=2).stderr
    assert "not both" in agp("restore", SESSION, "--gone", exit_code=2).stderr


def test_a_file_in_the_way_is_a_refusal(deleted, agp, home):
    (home / "file").write_text("x")
    done = agp("restore", SESSION, "--to", home / "file" / "below", exit_code=1)
    assert "it cannot be written: Not a directory" in done.stderr
    assert (home / "file").read_text() == "x"
