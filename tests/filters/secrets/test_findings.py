"""What a scan keeps: places and versions, never a secret; only what is new is looked through."""

import json
import os
import signal
import subprocess
import sys
import threading

import pytest

from filters.secrets import history as module
from warehouse.store import open_reader, open_writer


@pytest.fixture
def key(grow) -> str:
    return grow("ghp_{A-Za-z0-9*36}", 5)


@pytest.fixture
def session(claude_tree, agp, key):
    session = claude_tree()
    session.person(f"The key is {key}, use it")
    session.tool("Bash", output=f"ok {key}", command="make roses")
    agp("ingest")
    return session


@pytest.fixture
def looked_at(monkeypatch):
    """Return a list that grows by every text that is looked through."""
    texts: list[str] = []
    scan = module.scan_many

    def noting(batch, look):
        texts.extend(batch)
        return scan(batch, look)

    monkeypatch.setattr(module, "scan_many", noting)
    return texts


def kept(agp, columns="*"):
    query = f"select {columns} from v_findings where kind = 'github_pat' order by field"
    return json.loads(agp("sql", "--json", query).stdout)


def test_places_and_detectors_are_kept_and_no_secret(agp, session, key, home):
    agp("secrets", "scan")
    message, output = kept(agp)
    assert (message["field"], output["field"]) == ("message", "tool output")
    assert message["secret"] == output["secret"] and message["finding_id"] != output["finding_id"]
    assert message["detector"] in ("github-pat", "betterleaks/github-pat")
    assert message["detector_version"] and message["first_seen"] == message["last_seen"]
    shown = agp(
        "sql",
        "--csv",
        "select text[start_char + 1 : end_char] from v_findings f "
        "join v_messages on message_id = f.id where f.kind = 'github_pat'",
    ).stdout
    assert key in shown  # the place is right
    with open_reader() as con:
        for table in ("findings", "secret_scans"):
            assert key not in str(con.sql(f"from {table}").fetchall())


def test_only_what_is_new_is_looked_through(agp, session, key, looked_at):
    agp("secrets", "scan")
    assert any(key in text for text in looked_at)
    looked_at.clear()
    agp("secrets", "scan")
    assert looked_at == []
    session.person("And now the tulips")
    agp("ingest")
    agp("secrets", "scan")
    assert any("tulips" in text for text in looked_at) and not any(key in t for t in looked_at)
    assert len(kept(agp)) == 2


def test_another_version_looks_again_and_remembers_when_first(agp, session, looked_at, monkeypatch):
    agp("secrets", "scan")
    [before, _] = kept(agp)
    looked_at.clear()
    monkeypatch.setattr(module, "versions", lambda: "newer")
    agp("secrets", "scan")
    [after, _] = kept(agp)
    assert looked_at and after["first_seen"] == before["first_seen"] < after["last_seen"]


def test_choices_are_looked_for_anew(agp, session, home):
    agp("secrets", "scan")
    (home / ".agp/secrets.toml").write_text('literals = ["roses"]')
    found = json.loads(agp("secrets", "scan", "--json").stdout)
    assert "literal" in {row["kind"] for row in found["kinds"]}


def test_a_reader_is_not_kept_out_while_it_looks(agp, session, monkeypatch):
    """While texts are looked through the file is let go: others read it, and write to it."""
    scan = module.scan_many

    def meanwhile(batch, look):
        done = []

        def work():
            with open_writer(create=False) as con:
                done.append(con.sql("select count(*) from exchanges").fetchall())

        thread = threading.Thread(target=work)
        thread.start()
        thread.join()
        assert done
        return scan(batch, look)

    monkeypatch.setattr(module, "scan_many", meanwhile)
    agp("secrets", "scan")
    assert len(kept(agp)) == 2


def test_what_is_gone_is_forgotten(agp, session):
    agp("secrets", "scan")
    with open_writer() as con:
        con.execute("delete from tool_calls")
    agp("secrets", "scan")
    assert [row["field"] for row in kept(agp)] == ["message"]


def test_batches_add_up(agp, session, monkeypatch):
    monkeypatch.setattr(module, "BATCH", 10)
    agp("secrets", "scan")
    assert len(kept(agp)) == 2


def test_the_history_is_read_once_however_many_batches(agp, session, monkeypatch):
    reads, read = [], module._pending
    monkeypatch.setattr(module, "BATCH", 10)
    monkeypatch.setattr(module, "_pending", lambda *given: reads.append(1) or read(*given))
    module.update()
    assert len(reads) == 1 and len(kept(agp)) == 2


@pytest.mark.slow
def test_killed_in_the_middle_nothing_is_lost_or_doubled(agp, session, home, looked_at):
    """What was kept before the end is not looked through again, and all else is."""
    script = """
import os, signal
from filters.secrets import history
history.BATCH, keep = 10, history._keep
def once(*given):
    keep(*given)
    given[0].close()
    os.kill(os.getpid(), signal.SIGKILL)
history._keep = once
history.update()
"""
    env = os.environ | {"HOME": str(home), "AGP_HOME": str(home / ".agp")}
    ended = subprocess.run([sys.executable, "-c", script], env=env)
    assert ended.returncode == -signal.SIGKILL
    strings = "select count(*) from secret_scans"
    with open_reader() as con:
        [[before]] = con.sql(strings).fetchall()
    assert before == 1
    agp("secrets", "scan")
    with open_reader() as con:
        [[after]] = con.sql(strings).fetchall()
    assert len(looked_at) == after - before and len(kept(agp)) == 2
    assert [p for p in (home / ".agp").iterdir() if p.name.startswith("tmp")] == []


def test_the_report_knows_what_no_scan_has_seen(agp, session, key):
    assert len(kept(agp)) == 0
    with open_reader() as con:
        found = module.survey(con, frozenset({"github_pat"}))
    assert len(found.places) == 2 and len(found.distinct["github_pat"]) == 1
