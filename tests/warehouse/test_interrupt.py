"""Ctrl-C ends what runs: a query, Python around it, the process that holds a rule."""

import os
import signal
import threading
import time

import duckdb
import pytest

from warehouse.expressions import process
from warehouse.interrupt import interruptible

LONG = (
    "select count(*) from range(1000000) a, range(100000) b where hash(a.range + b.range) % 7 = 1"
)


def loop(con):
    """Compute in Python, without an end."""
    while True:
        sum(range(1000))


@pytest.mark.parametrize("work", [lambda con: con.execute(LONG), loop], ids=["query", "python"])
def test_what_runs_ends(work):
    with duckdb.connect() as con:
        ends(con, lambda: work(con))


def test_the_process_of_a_rule_ends(tmp_path, monkeypatch):
    slow = tmp_path / "slow"
    slow.write_text("#!/bin/sh\nexec sleep 60\n")
    slow.chmod(0o700)
    monkeypatch.setattr(process.sys, "executable", str(slow))
    ends(duckdb.connect(), lambda: process.answered(b"{}", 60))


def ends(con, work):
    """Check that work without an end is over soon after Ctrl-C."""
    threading.Timer(0.2, os.kill, (os.getpid(), signal.SIGINT)).start()
    begin = time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        interruptible(con, work)
    assert time.monotonic() - begin < 20
