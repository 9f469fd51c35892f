"""`agp ingest --watch`: what is written is soon there, and Ctrl-C ends it in one line."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any

import pytest

from lanes.ingest.run import Summary
from lanes.ingest.watch import Follower, state
from lanes.memories.access import Access
from lanes.memories.ingest import Memories
from warehouse.errors import AgpError
from warehouse.store import open_writer

COMMAND = [sys.executable, "-m", "agp", "ingest", "--watch", "--every", "0.1", "--json"]


@pytest.fixture
def watching(home) -> Iterator[subprocess.Popen[str]]:
    """A process group that follows this home."""
    pipe = subprocess.PIPE
    child = subprocess.Popen(COMMAND, stdout=pipe, stderr=pipe, text=True, start_new_session=True)
    yield child
    child.kill()
    child.communicate()


def next_round(child: subprocess.Popen[str]) -> dict[str, Any]:
    assert child.stdout
    return json.loads(child.stdout.readline())


@pytest.mark.parametrize("ends", [signal.SIGINT, signal.SIGTERM])
def test_it_follows_until_it_is_told_to_end(watching, claude_tree, rows, ends):
    session = claude_tree()
    session.person("Water the roses")
    new = next_round(watching)["new"]
    if not new["records"]:  # it began before the file was there
        new = next_round(watching)["new"]
    assert new["prompts"] == 1
    session.person("And the tulips")
    assert next_round(watching)["new"]["prompts"] == 1
    assert rows("select count(*) from v_exchanges") == [(2,)]  # the warehouse is free meanwhile
    os.killpg(watching.pid, ends)
    _, said = watching.communicate(timeout=20)
    assert watching.returncode == 0
    assert said.splitlines() == ["following; Ctrl-C ends it", "ended; what was read is kept"]


@pytest.mark.slow
def test_a_held_warehouse_is_said_once_and_waited_for(watching, claude_tree):
    next_round(watching)
    with open_writer():
        claude_tree().person("Water the roses")
        time.sleep(5.5)
    assert next_round(watching)["new"]["prompts"] == 1
    os.killpg(watching.pid, signal.SIGINT)
    _, said = watching.communicate(timeout=20)
    assert said.count("holds") == 1


def test_what_an_ingest_would_look_at(home, claude_tree):
    claude_tree().person("Water the roses")
    (path,) = state([])
    assert path.endswith("s1.jsonl") and state([])[path][0] > 0
    with pytest.raises(AgpError, match="nothing at"):
        state([home / "nowhere"])


@pytest.fixture
def heard(home) -> tuple[list[Summary], list[str], list[Memories]]:
    """What a follower told, what it complained of, and the tables that it is given."""
    return [], [], []


def test_memory_tables_are_asked_with_the_files_and_now_and_then(heard, claude_tree, monkeypatch):
    told, trouble, tables = heard
    claude_tree().person("Water the roses")

    def given() -> Memories:
        tables.append(Memories(Access("127.0.0.1:9", "http://127.0.0.1:9", "key")))
        return tables[-1]

    def refused(self, con, ingest_id):
        self.failed = AgpError("127.0.0.1:9: no connection")
        return []

    monkeypatch.setattr(Memories, "read", refused)
    follower = Follower([], told.append, trouble.append, given)
    follower.round()
    follower.round()
    assert len(told) == len(tables) == 1 and told[0].after["prompts"] == 1
    monkeypatch.setattr("lanes.ingest.watch.TABLES_EVERY", 0)
    follower.round()
    assert len(told) == len(tables) == 2 and trouble == ["127.0.0.1:9: no connection"]


def test_a_way_that_is_wrong_stops_no_files(heard, claude_tree):
    told, trouble, _ = heard
    claude_tree().person("Water the roses")

    def given() -> Memories:
        raise AgpError("SUPABASE_KEY is not set")

    follower = Follower([], told.append, trouble.append, given)
    follower.round()
    assert told[0].after["prompts"] == 1 and trouble == ["SUPABASE_KEY is not set"]
