"""A full disk, a folder nobody may write to, rights that change, clocks that jump: nothing lost."""

import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
from click.testing import Result

from warehouse.store import open_reader

INGEST = [sys.executable, "-m", "agp", "ingest"]
DAY = 86_400
# In a file system of its own, of 12 MB, then of 400: what fails first must go through afterwards.
SMALL = """set -e
mount -t tmpfs -o size=12m none "$AGP_HOME"
set +e; "$@" >/dev/null 2>"$ERRORS"; code=$?; set -e
mount -o remount,size=400m "$AGP_HOME"
"$@" >/dev/null
"$PYTHON" -m agp warehouse verify
exit $code
"""


LIMITED = '(ulimit -f 4000; "$@")'


def big(tree: Path) -> None:
    """Write 40 MB that no packing makes smaller."""
    words = os.urandom(5 << 20).hex().encode()
    text = b'{"type":"user","uuid":"u%d","message":{"role":"user","content":"%s"}}\n'
    half = len(words) // 40
    lines = [text % (i, words[i * half : (i + 1) * half]) for i in range(40)]
    for n in range(4):
        (tree / f"big{n}.jsonl").write_bytes(b"".join(lines).replace(b'"u', b'"u%d-' % n))


def mounts() -> list[str] | None:
    """Return how to run a program that may mount, if this machine lets us at all."""
    for how in (["unshare", "-m"], ["unshare", "-rm"]):
        probe = [*how, "sh", "-c", "mount -t tmpfs none /mnt"]
        if shutil.which("unshare") and not subprocess.run(probe, capture_output=True).returncode:
            return how
    return None


@pytest.mark.slow
def test_a_disk_that_is_full_and_has_room_again(home, tree):
    big(tree)
    errors, place = home / "errors", home / ".agp"
    place.mkdir()
    env = os.environ | {"ERRORS": str(errors), "PYTHON": sys.executable}
    how, mount = mounts(), SMALL
    if how is None:  # the same with a limit on the size of any file
        how, mount = [], SMALL.replace("mount", ": mount").replace('"$@"', LIMITED, 1)
    shell = [*how, "bash", "-c", mount, "sh", *INGEST]
    done = subprocess.run(shell, env=env, capture_output=True, text=True)
    said = errors.read_text()
    assert (done.returncode, "no room to write" in said) == (2, True), (done.stderr, said)
    assert said.startswith("agp: ") and said.count("\n") == 1
    assert "every byte as it was read" in done.stdout


@pytest.fixture
def nobody(agp, claude_tree, tmp_path_factory: pytest.TempPathFactory, monkeypatch):
    """Return a home, and a function that runs `agp ingest` there without the rights of root."""
    claude_tree().person("Water the roses")
    agp("ingest")  # so that all is imported: nobody may not even read this program
    home = tmp_path_factory.mktemp("nobodys")
    for folder in (home, *home.parents):
        if folder.stat().st_uid == os.getuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("AGP_HOME", str(home / ".agp"))

    def ingest(exit_code: int = 0) -> Result:
        root = os.geteuid() == 0
        if root:
            os.seteuid(65_534)
        try:
            return agp("ingest", exit_code=exit_code)
        finally:
            if root:
                os.seteuid(0)

    return home, ingest


def test_a_home_that_cannot_be_written_is_one_line(nobody, line):
    nobodys, ingest = nobody
    tree = nobodys / ".claude/projects/p"
    tree.mkdir(parents=True)
    (tree / "s.jsonl").write_bytes(line(1))
    nobodys.chmod(0o555)
    done = ingest(2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert "set AGP_HOME to another" in done.stderr
    nobodys.chmod(0o755)
    (nobodys / ".agp").mkdir()
    (nobodys / ".agp").chmod(0o555)
    done = ingest(2)
    assert done.stderr.count("\n") == 1, done.stderr
    assert "no permission" in done.stderr


def test_files_that_may_not_be_read_for_a_while(nobody, line):
    nobodys, ingest = nobody
    tree = nobodys / ".claude/projects/p"
    tree.mkdir(parents=True)
    for n in range(3):
        (tree / f"s{n}.jsonl").write_bytes(line(n))
    (nobodys / ".agp").mkdir(mode=0o777)
    (nobodys / ".agp").chmod(0o777)
    (tree / "s1.jsonl").chmod(0o000)

    def states() -> list[tuple]:
        with open_reader() as con:
            return con.execute(
                "select path[-8:], state, records from files order by path"
            ).fetchall()

    done = ingest()
    assert "s1.jsonl: Permission denied" in done.stderr
    assert [name for name, *_ in states()] == ["s0.jsonl", "s2.jsonl"]
    (tree / "s1.jsonl").chmod(0o644)
    tree.chmod(0o000)
    ingest()
    assert [row[1] for row in states()] == ["present", "present"]  # not seen is not gone
    tree.chmod(0o755)
    ingest()
    assert [row[1:] for row in states()] == [("present", 1)] * 3


@pytest.mark.parametrize("jump", [-400 * DAY, 400 * DAY, 4_000 * DAY])
def test_a_file_of_another_time_is_followed_as_any_other(tree, agp, kept, rows, line, jump):
    file = tree / "s.jsonl"
    for n, at in enumerate((0, jump, jump, 0)):
        with file.open("ab") as end:
            end.write(line(n))
        os.utime(file, (time.time() + at, time.time() + at))
        agp("ingest")
    assert kept(file) == [file.read_bytes()]
    assert rows("select version, state, records from files") == [(1, "present", 4)]


def test_a_clock_that_is_set_back_between_two_runs(tree, agp, kept, rows, line, monkeypatch):
    file, real = tree / "s.jsonl", time.time
    for n, at in enumerate((0, -90 * DAY, 30 * DAY)):
        monkeypatch.setattr(time, "time", lambda at=at: real() + at)
        with file.open("ab") as end:
            end.write(line(n))
        agp("ingest")
    assert kept(file) == [file.read_bytes()]
    assert rows("select count(*), count(finished_at) from ingests") == [(3, 3)]
    assert rows("select count(*) from v_messages") == [(3,)]
