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

from lanes.ingest.watch import state
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
