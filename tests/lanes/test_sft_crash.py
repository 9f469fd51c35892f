"""A build that is killed leaves nothing lost, nothing half registered, nothing lying about."""

import random
import subprocess
import sys
import time
from pathlib import Path

import pytest

from warehouse.store import open_reader

BUILD = ["lanes", "build", "sft"]
SETTINGS = {"plain": [], "bare": ["--tools", "none"]}
SUICIDE = """
import os, signal, sys
from pathlib import Path
left, rename = int(sys.argv[1]), Path.rename
def dying(self, target):
    global left
    left -= 1
    return os.kill(os.getpid(), signal.SIGKILL) if left < 0 else rename(self, target)
Path.rename = dying
from agp.cli import main
main(sys.argv[2:])
"""


def run(*args: str) -> None:
    done = subprocess.run([sys.executable, "-m", "agp", *args], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def killed_after(seconds: float, *args: str) -> bool:
    """Run a command for so long, then kill it; return False where it had ended before."""
    child = subprocess.Popen(
        [sys.executable, "-m", "agp", *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    time.sleep(seconds)
    running = child.poll() is None
    child.kill()
    child.wait()
    return running


def killed_at_rename(number: int, *args: str) -> None:
    """Run a command that is killed just before it renames a folder for the n-th time."""
    child = subprocess.run([sys.executable, "-c", SUICIDE, str(number), *args], capture_output=True)
    assert child.returncode == -9, child.stderr


def contents(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def kept_at(out: Path) -> dict[str, bytes]:
    """Return the build at a place, or the one that waits beside it for the place."""
    waiting = [*out.parent.glob(f".partial-*/earlier/{out.name}")]
    return contents(out if out.exists() else waiting[0])


def registered() -> dict[str, list]:
    builds = "select build_id, lane, rule_set, parameters, content_sha256, rows from lane_builds"
    with open_reader() as con:
        return {
            "builds": sorted(con.execute(builds).fetchall()),
            "rows": sorted(con.execute("select * from lane_rows").fetchall()),
            "splits": sorted(con.execute("select family_id, split from splits").fetchall()),
        }


@pytest.mark.slow
def test_builds_killed_at_any_moment_and_one_more_equal_undisturbed_ones(many, home, monkeypatch):
    (home / "calm").mkdir()
    (home / "calm" / "warehouse.duckdb").write_bytes(
        (home / ".agp" / "warehouse.duckdb").read_bytes()
    )
    monkeypatch.setenv("AGP_HOME", str(home / "calm"))
    wanted, begin = {}, time.monotonic()
    for name, options in SETTINGS.items():
        run(*BUILD, *options, "--out", str(home / "wanted" / name))
        wanted[name] = contents(home / "wanted" / name)
    seconds, calm = (time.monotonic() - begin) / 2, registered()

    monkeypatch.setenv("AGP_HOME", str(home / ".agp"))
    out, dice, kills = home / "out" / "data", random.Random(11), 0
    run(*BUILD, "--out", str(out))
    for attempt in range(30):
        options = SETTINGS["bare" if attempt % 4 < 2 else "plain"]
        place = ["--out", str(out)] if attempt % 2 == 0 else []
        killed = killed_after(dice.uniform(0.1, 0.9) * seconds, *BUILD, *options, *place)
        kills, seconds = kills + killed, seconds * (1 if killed else 0.8)  # the load changes
        assert kept_at(out) in wanted.values()
        assert set(registered()["builds"]) <= set(calm["builds"])
        if kills == 8:
            break
    assert kills == 8
    run(*BUILD, "--out", str(out))
    killed_at_rename(1, *BUILD, *SETTINGS["bare"], "--out", str(out))
    assert not out.exists() and kept_at(out) == wanted["plain"]
    for name, options in SETTINGS.items():
        run(*BUILD, *options)
        run(*BUILD, *options, "--out", str(out))
        assert contents(out) == wanted[name]
    lanes = [*(home / ".agp" / "lanes").iterdir()]
    assert sorted(map(contents, lanes), key=str) == sorted(wanted.values(), key=str)
    assert [path.name for path in out.parent.iterdir()] == ["data"]
    assert registered() == calm
