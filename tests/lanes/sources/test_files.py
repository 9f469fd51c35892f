"""Finding transcripts: links, folders with odd names, places one may not look into."""

import os
from pathlib import Path

from lanes.sources.discover import discover


def names(*roots: Path) -> list[str]:
    return [Path(file.path).name for file, _ in discover(roots).files]


def test_the_usual_places_are_found(tree, home, monkeypatch):
    (tree / "a.jsonl").write_text("{}\n")
    other = home / "work" / "projects" / "q"
    other.mkdir(parents=True)
    (other / "b.jsonl").write_text("{}\n")
    (home / ".claude" / "history.jsonl").write_text("{}\n")
    (home / ".claude" / "other.jsonl").write_text("{}\n")
    assert names() == ["history.jsonl", "a.jsonl"]
    monkeypatch.setenv("CLAUDE_CONFIG_DIR", str(home / "work"))
    assert names() == ["history.jsonl", "a.jsonl", "b.jsonl"]
    rollouts = home / "codex" / "sessions" / "2026"
    rollouts.mkdir(parents=True)
    (rollouts / "rollout-1.jsonl").write_text("{}\n")
    (home / "codex" / "history.jsonl").write_text("{}\n")
    monkeypatch.setenv("CODEX_HOME", str(home / "codex"))
    assert names()[3:] == ["history.jsonl", "rollout-1.jsonl"]


def test_links_are_followed_but_not_in_circles_and_nothing_twice(tree, home):
    (tree / "a.jsonl").write_text("{}\n")
    (tree / "loop").symlink_to(tree)
    (tree / "zz.jsonl").symlink_to(tree / "a.jsonl")
    (tree / "dangling.jsonl").symlink_to(tree / "nothing")
    elsewhere = home / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "b.jsonl").write_text("{}\n")
    (tree / "linked").symlink_to(elsewhere)
    assert sorted(names()) == ["a.jsonl", "b.jsonl"]


def test_a_folder_may_be_called_like_a_file(tree):
    (tree / "x.jsonl").mkdir()
    (tree / "x.jsonl" / "a.jsonl").write_text("{}\n")
    assert names() == ["a.jsonl"]


def test_dot_folders_and_all_places_of_subagents(tree):
    for name in (".hidden/a.jsonl", "agent-1.jsonl", "s/subagents/agent-2.jsonl"):
        (tree / name).parent.mkdir(parents=True, exist_ok=True)
        (tree / name).write_text("{}\n")
    kinds = {(f.kind, f.session_id, f.agent_id) for f, _ in discover().files}
    assert kinds == {("transcript", "a", None), ("subagent", None, "1"), ("subagent", "s", "2")}


def test_what_may_not_be_read_is_named_and_the_rest_goes_on(tree, home):
    (tree / "a.jsonl").write_text("{}\n")
    locked = tree / "locked"
    locked.mkdir(mode=0)
    for folder in (home, *home.parents):
        folder.chmod(0o755) if os.access(
            folder, os.W_OK
        ) and folder.stat().st_uid == os.getuid() else None
    user = os.geteuid()
    if user == 0:  # root may read anything
        os.seteuid(65534)
    try:
        found = discover([tree])
    finally:
        os.seteuid(user)
        locked.chmod(0o755)
    assert [path for path, _ in found.unreadable] == [str(locked)]
    assert len(found.files) == 1


def test_a_name_that_is_no_text_is_kept(tree, agp, rows, line):
    (tree / os.fsdecode(b"caf\xe9.jsonl")).write_bytes(line(1))
    agp("ingest")
    agp("ingest")
    assert rows("select path like '%caf\\xe9.jsonl', version from files") == [(True, 1)]
