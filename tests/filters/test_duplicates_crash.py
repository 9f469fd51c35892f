"""A run that is killed while it compares texts leaves nothing lost and nothing half done."""

import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from warehouse.store import open_reader

SUICIDE = """
import os, signal, sys
from importlib import import_module
where, left = sys.argv[1], int(sys.argv[2])
import_module("warehouse.features.refresh").SLICE = 150
module = import_module("filters.duplicates")
module.TOGETHER = 1
real = getattr(module, where)
def dying(*values):
    global left
    left -= 1
    return os.kill(os.getpid(), signal.SIGKILL) if left < 0 else real(*values)
setattr(module, where, dying)
from agp.cli import main
main(["filters", "run"])
"""
PLACES = (("sketches_of", 1), ("store_pairs", 0), ("store_pairs", 2), ("components", 0))


def clusters() -> list[tuple]:
    with open_reader() as con:
        found = con.execute("select exchange_id, cluster_id, method from clusters order by all")
        return found.fetchall()


@pytest.mark.slow
def test_a_killed_run_is_made_up_for(sample_home: Path, home: Path, agp):
    shutil.copytree(sample_home / ".agp", home / ".agp")
    for where, number in PLACES:
        command = [sys.executable, "-c", SUICIDE, where, str(number)]
        killed = subprocess.run(command, capture_output=True)
        assert killed.returncode == -signal.SIGKILL, killed.stderr
    agp("filters", "run")
    found = clusters()
    shutil.rmtree(home / ".agp")
    shutil.copytree(sample_home / ".agp", home / ".agp")
    agp("filters", "run")
    assert found == clusters() and len({row[1] for row in found}) > 20
