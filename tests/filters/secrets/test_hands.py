"""Several processes that look: the same comes out, and whatever ends one of them, nothing leaks."""

import os
import shutil
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import pytest

from filters.secrets import Redactor, hands, helper, many_hands
from filters.secrets.finding import ALL
from warehouse.errors import AgpError

# A process that has a helper, says which, and works on.
PARENT = """
import signal, time
from filters.secrets import many_hands
signal.signal(signal.SIGINT, signal.default_int_handler)
with many_hands(2) as team:
    team.begin()
    team.wait()
    print(team.helpers[0].process.pid, flush=True)
    time.sleep(60)
"""


@pytest.fixture
def small(monkeypatch):
    """Let little be enough."""
    monkeypatch.setattr(hands, "ENOUGH", 0)


@pytest.fixture
def texts(grow):
    """Return 1.5 MB, which is more than two lists."""
    kinds = ("AKIA{A-Z2-7*16}", "ghp_{A-Za-z0-9*36}", "{a-z*8}@{a-z*9}.org", "clean words")
    return [f"{i} {'rose ' * 1_500}{grow(kinds[i % 4], i % 7)} \ud83d" for i in range(200)]


def is_there(pid: int) -> bool:
    """Tell whether a process runs; one that has ended and that nobody asked for does not."""
    with suppress(OSError):
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    with suppress(OSError):
        os.kill(pid, 0)
        return not Path("/proc/self/stat").exists()
    return False


@pytest.mark.parametrize("processes", [2, pytest.param(3, marks=pytest.mark.slow)])
def test_the_same_comes_out(small, texts, monkeypatch, processes):
    here, look = [], hands.looked_through
    monkeypatch.setattr(hands, "looked_through", lambda *given: here.append(1) or look(*given))
    alone = Redactor(b"s")
    expected = alone.texts(texts)
    lists = len(here)
    here.clear()
    with many_hands(processes) as team:
        assert team
        team.begin()
        team.wait()
        shared = Redactor(b"s")
        assert shared.texts(texts) == expected and shared.counts == alone.counts
        assert len(team.helpers) == processes - 1
        assert 0 < len(here) < lists
        pids = [one.process.pid for one in team.helpers]
    assert not any(map(is_there, pids))


def test_little_stays_in_one_process(texts):
    with many_hands(2) as team:
        assert team and Redactor(b"s").texts(texts) and not team.helpers
        with many_hands(4) as inner:
            assert inner is team
    with many_hands(1) as team:
        assert team is None


def test_a_helper_that_dies_ends_the_work(small, texts):
    with many_hands(2) as team:
        assert team
        team.begin()
        team.wait()
        os.kill(team.helpers[0].process.pid, signal.SIGKILL)
        with pytest.raises(AgpError, match="ended early, so nothing leaves"):
            Redactor(b"s").texts(texts)
        assert not team.helpers


def test_nothing_is_written_where_a_helper_dies(agp, claude_tree, small, monkeypatch, tmp_path):
    session = claude_tree()
    session.person("Water the roses by the gate")
    session.agent("They are watered.")
    agp("ingest")
    begin = hands.Team.begin
    monkeypatch.setattr(hands, "_COMMAND", [sys.executable, "-c", "pass"])
    monkeypatch.setattr(hands.Team, "begin", lambda team: (begin(team), team.wait()))
    out = tmp_path / "out"
    for command in ("lanes build sft", "warehouse export"):
        done = agp(*command.split(), "--out", out, exit_code=2)
        assert "so nothing leaves" in done.stderr and done.stderr.strip().count("\n") == 0
        assert not out.exists() and not [p for p in tmp_path.iterdir() if "partial" in p.name]
    assert "so nothing leaves" in agp("secrets", "scan", exit_code=2).stderr


@pytest.mark.slow
def test_a_dataset_is_the_same(agp, sample_home, home, small, monkeypatch, tmp_path):
    shutil.copytree(sample_home / ".agp", home / ".agp")
    begin, built = hands.Team.begin, []
    monkeypatch.setattr(hands.Team, "begin", lambda team: (begin(team), team.wait()))
    for processes in (1, 2):
        monkeypatch.setattr(hands, "PROCESSES", processes)
        out = tmp_path / str(processes)
        agp("lanes", "build", "sft", "--out", out)
        built.append({p.name: p.read_bytes() for p in out.iterdir()})
    assert built[0] == built[1] and built[0]


def test_what_fails_in_a_helper_is_told_without_the_text(monkeypatch):
    def fail(texts, look):
        raise ValueError(texts[0])

    monkeypatch.setattr(helper, "looked_through", fail)
    team = hands.Team(1)
    team.replies.put((None, 0, *helper.tried([b"a secret"], ALL)))
    with pytest.raises(AgpError, match=r"^a detector failed \(ValueError\), so nothing leaves$"):
        team.take(wait=True)


@pytest.mark.slow
@pytest.mark.parametrize("ended_by", [signal.SIGKILL, signal.SIGINT, signal.SIGTERM])
def test_no_process_is_left(ended_by):
    command = [sys.executable, "-c", PARENT]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdout=pipe, stderr=subprocess.DEVNULL) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_there(pid)
        parent.send_signal(ended_by)
        assert parent.wait(10)
    deadline = time.monotonic() + 10
    while is_there(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not is_there(pid)
