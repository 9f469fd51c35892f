"""Fifty kills in the middle of 100 MB that grow meanwhile: one more run, and nothing differs."""

import json
import random
import shutil
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path
from uuid import UUID

import pytest

from lanes.exchanges import DERIVED
from lanes.sources.rows import TABLES
from warehouse.store import open_reader

COMMAND = [sys.executable, "-m", "agp", "ingest"]
MEGABYTES, FILES, KILLS = 100, 120, 50
# Where a record's bytes are packed depends on how batches fall; that they are there, `verify` says.
RAW = (
    "(select * exclude (segment, stored_offset) from {db}raw_records)",
    "{db}payloads",
    "{db}payload_pieces",
)
SAME_FILES = "(select file_id, path, version, bytes, records, prefix_sha256, state from {db}files)"


def record(dice: random.Random, session: str, number: int, words: list[str]) -> bytes:
    """Return a line: a prompt, an answer with a call, a result; a broken one now and then."""
    if dice.random() < 0.004:
        return dice.choice([b"\n", b'{"type": "user", "cut\n', b"\0" * 40 + b"\n", b"42\n"])
    text = " ".join(dice.choices(words, k=int(dice.triangular(20, 1800, 150))))
    uuid = str(UUID(int=dice.getrandbits(128), version=4))
    kind, call = ("user", "assistant", "user")[number % 3], f"toolu_{session[:8]}_{number // 3}"
    content = text
    if number % 3 == 1:
        use = {"type": "tool_use", "id": call, "name": "Bash", "input": {"command": text}}
        content = [{"type": "text", "text": text[:200]}, use]
    elif number % 3 == 2:
        if dice.random() < 0.02:  # one of a few pictures, again and again
            text = b64encode(random.Random(dice.randrange(9)).randbytes(40_000)).decode()
        content = [{"type": "tool_result", "tool_use_id": call, "content": text}]
    message = {"role": kind, "content": content, "id": f"msg_{uuid}", "model": "claude-x"}
    base = {"type": kind, "uuid": uuid, "sessionId": session, "cwd": "/home/dev/garden"}
    base |= {"timestamp": f"2026-03-01T10:{number // 60 % 60:02}:{number % 60:02}.000Z"}
    return json.dumps(base | {"message": message}).encode() + b"\n"


@pytest.fixture(scope="module")
def whole(tmp_path_factory) -> dict[str, bytes]:
    """Return 100 MB of transcripts by name, with forks that begin as their parents do."""
    dice, files = random.Random(11), {}
    words = ["".join(dice.choices("etaoinshrdluß日", k=dice.randint(2, 9))) for _ in range(3000)]
    for _ in range(FILES):
        session = str(UUID(int=dice.getrandbits(128), version=4))
        size, lines, at = MEGABYTES * 1e6 / FILES * dice.lognormvariate(0, 0.5), [], 0
        if files and dice.random() < 0.1:
            parent = dice.choice(list(files))
            lines = files[parent].replace(parent[:-6].encode(), session.encode()).splitlines(True)
            lines = lines[: len(lines) // 2]
        at = sum(map(len, lines))
        while at < size:
            lines.append(record(dice, session, len(lines), words))
            at += len(lines[-1])
        files[f"{session}.jsonl"] = b"".join(lines)
    return files


def grow(folder: Path, whole: dict[str, bytes], share: float, dice: random.Random) -> None:
    """Let every file reach about this share of its length, cut at any byte."""
    for name, data in whole.items():
        path = folder / name
        have = path.stat().st_size if path.exists() else 0
        end = min(len(data), max(have, int(len(data) * (share + dice.uniform(-0.05, 0.05)))))
        with path.open("ab") as file:
            file.write(data[have:end])


def differing(calm: Path, killed: Path) -> dict[str, int]:
    """Return the tables in which two warehouses differ, and in how many rows."""
    with open_reader(calm) as con:
        con.execute(f"attach '{killed}' as killed (read_only)")
        [(home,)] = con.execute("select current_database()").fetchall()
        found = {}
        for table in (*RAW, SAME_FILES, *(f"{{db}}{t}" for t in (*TABLES, *DERIVED))):
            a, b = table.format(db=f'"{home}".main.'), table.format(db="killed.main.")
            query = f"select count(*) from (from {a} except all from {b})"
            back = f"select count(*) from (from {b} except all from {a})"
            found[table] = sum(con.execute(q).fetchall()[0][0] for q in (query, back))
        assert con.execute("select count(*) from raw_records").fetchall() > [(10_000,)]
    return {table: rows for table, rows in found.items() if rows}


@pytest.mark.slow
def test_fifty_kills_and_one_more_run_equal_an_undisturbed_run(home, tree, whole, monkeypatch):
    dice, kills = random.Random(7), 0
    grow(tree, whole, 2, dice)
    assert sum(path.stat().st_size for path in tree.iterdir()) > 95e6
    monkeypatch.setenv("AGP_HOME", str(home / "calm"))
    start = time.monotonic()
    subprocess.run(COMMAND, check=True, capture_output=True)
    last = time.monotonic() - start
    shutil.rmtree(tree)
    tree.mkdir()
    monkeypatch.setenv("AGP_HOME", str(home / "killed"))
    for attempt in range(2 * KILLS):
        grow(tree, whole, kills / KILLS, dice)
        # Most kills are early, where each costs little; a few come when there is much to do.
        longest = last if attempt % 10 == 9 else 1.5
        child = subprocess.Popen(COMMAND, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(dice.uniform(0.3, longest))
        kills += child.poll() is None
        child.kill()
        child.wait()
        if kills == KILLS:
            break
    grow(tree, whole, 2, dice)
    subprocess.run(COMMAND, check=True, capture_output=True)
    assert kills == KILLS
    assert differing(home / "calm/warehouse.duckdb", home / "killed/warehouse.duckdb") == {}
    verified = subprocess.run(
        [*COMMAND[:-1], "warehouse", "verify"], capture_output=True, text=True
    )
    assert "every byte as it was read" in verified.stdout, verified.stdout
