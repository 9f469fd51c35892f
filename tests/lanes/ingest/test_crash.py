"""An ingest that is killed, or finds the disk full, leaves nothing lost, doubled or half."""

import os
import random
import resource
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest

from lanes.sample_history import copy_to
from lanes.sample_history.logs import copy_logs_to
from lanes.sample_history.rollouts import copy_rollouts_to
from lanes.sources.rows import TABLES
from warehouse.store import open_reader

RAW = ("(from raw_records select * exclude (segment, stored_offset))", "payloads", "payload_pieces")
DERIVED = ("sessions", "placements", "exchanges", "exchange_sources", "tool_calls")
DERIVED += ("aliases", "ambiguous_prompts")
COMMAND = [sys.executable, "-m", "agp", "ingest"]


def contents(home: Path) -> dict[str, list]:
    with open_reader(home / "warehouse.duckdb") as con:
        found = {
            table: sorted(con.execute(f"select * from {table}").fetchall(), key=repr)
            for table in (*RAW, *TABLES, *DERIVED)
        }
        columns = "file_id, path, version, bytes, records, quarantined, prefix_sha256, state"
        found["files"] = sorted(con.execute(f"select {columns} from files").fetchall())
    return found


def clear(trees: list[Path]) -> None:
    for tree in trees:
        shutil.rmtree(tree)


def grow(whole: dict[Path, bytes], share: float, dice: random.Random) -> None:
    """Let every file reach about this share of its length, cut at any byte."""
    for path, data in whole.items():
        have = path.stat().st_size if path.exists() else 0
        end = min(len(data), max(have, int(len(data) * (share + dice.uniform(-0.05, 0.05)))))
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("ab") as file:
            file.write(data[have:end])


@pytest.mark.slow
def test_twenty_kills_and_one_more_run_equal_an_undisturbed_run(home, monkeypatch):
    for lay in (copy_to, copy_logs_to, copy_rollouts_to):
        lay(home)
    trees = [home / ".claude", home / ".codex"]
    whole = {path: path.read_bytes() for tree in trees for path in sorted(tree.rglob("*.jsonl"))}
    dice, kills = random.Random(7), 0
    clear(trees)
    grow(whole, 2, dice)
    monkeypatch.setenv("AGP_HOME", str(home / "calm"))
    subprocess.run(COMMAND, check=True, capture_output=True)
    clear(trees)
    monkeypatch.setenv("AGP_HOME", str(home / "killed"))
    for attempt in range(20):
        grow(whole, attempt / 20, dice)
        child = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.2, 2.5))
        kills += child.poll() is None
        child.kill()
        child.wait()
    grow(whole, 2, dice)
    time.sleep(1)
    subprocess.run(COMMAND, check=True, capture_output=True)
    calm, killed = contents(home / "calm"), contents(home / "killed")
    assert kills >= 5
    for table, rows in calm.items():
        assert [r for r in rows if r not in killed[table]][:2] == [], table
        assert rows == killed[table], table


def test_a_full_disk_is_one_line_and_the_next_run_goes_on(tree, agp, line, kept):
    (tree / "s.jsonl").write_bytes(line(1))
    agp("ingest")
    home = Path(os.environ["AGP_HOME"])
    before = contents(home)
    words = os.urandom(1 << 20).hex().encode()
    text = b'{"type":"user","uuid":"u9","message":{"role":"user","content":"%s"}}\n'
    (tree / "big.jsonl").write_bytes(b"".join(text % words[i::4] for i in range(4)) * 8)
    limit = (home / "warehouse.duckdb").stat().st_size + (1 << 20)

    def small_disk() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))

    full = subprocess.run(COMMAND, capture_output=True, text=True, preexec_fn=small_disk)
    assert full.returncode == 2, full.stderr
    assert full.stderr.startswith("agp: ") and full.stderr.count("\n") == 1, full.stderr
    for table, rows in contents(home).items():
        assert set(map(repr, before[table])) <= set(map(repr, rows)), table
    agp("ingest")
    assert kept(tree / "big.jsonl") == [(tree / "big.jsonl").read_bytes()]
