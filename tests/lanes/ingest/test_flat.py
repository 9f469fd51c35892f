"""An ingest takes as much memory for a large history as for a small one, whatever its lines are."""

import json
import random
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.segments import FULL, Packer, Segments

# The largest process of an ingest, start to end: MB of resident memory.
PEAK = """
import resource, subprocess, sys
subprocess.run([sys.executable, "-m", "agp", "ingest", "--json"], check=True, stdout=2)
peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss
print(peak // (1 << 20 if sys.platform == "darwin" else 1 << 10))
"""
GROWTH = 1.25  # at 100 MB DuckDB's own buffers have reached their bound; nothing else may grow


def peak_mb() -> int:
    done = subprocess.run([sys.executable, "-c", PEAK], capture_output=True, text=True, check=True)
    return int(done.stdout)


class Pool:
    """Texts cut from a pool of random words, so that megabytes of them take no time."""

    def __init__(self) -> None:
        self.dice = random.Random(5)
        letters = "etaoinshrdlucm"
        words = [
            "".join(self.dice.choices(letters, k=self.dice.randint(2, 9))) for _ in range(3000)
        ]
        self.words = " ".join(self.dice.choices(words, k=300_000))

    def text(self, length: int) -> str:
        starts = range(0, length, 4000)
        places = [self.dice.randrange(len(self.words) - 4000) for _ in starts]
        return "\n".join(self.words[at : at + 4000] for at in places)


def write_transcripts(home: Path, megabytes: int) -> None:
    """Write sessions of a megabyte each: prompts, calls, results."""
    pool, folder = Pool(), home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    for number in range(megabytes):
        session, size, n = f"{number:08}-0000-4000-8000-000000000000", 0, 0
        with (folder / f"{session}.jsonl").open("w") as file:
            while size < 1_000_000:
                text, kind = pool.text(4000), ("user", "assistant", "user")[n % 3]
                call = f"toolu_{number}_{n // 3}"
                blocks = [
                    [{"type": "text", "text": text}],
                    [{"type": "tool_use", "id": call, "name": "Bash", "input": {"command": text}}],
                    [{"type": "tool_result", "tool_use_id": call, "content": text}],
                ]
                row = {"type": kind, "uuid": f"{number}-{n}", "sessionId": session}
                row |= {"parentUuid": f"{number}-{n - 1}", "permissionMode": "default"}
                row |= {"timestamp": f"2026-03-01T10:{n // 60 % 60:02}:{n % 60:02}.000Z"}
                row |= {"message": {"role": kind, "content": blocks[n % 3], "id": f"m{number}-{n}"}}
                size, n = size + file.write(json.dumps(row) + "\n"), n + 1


def write_rollout(home: Path, megabytes: int) -> None:
    """Write one rollout whose every line holds a megabyte."""
    pool, folder = Pool(), home / ".codex" / "sessions" / "2026" / "08" / "03"
    folder.mkdir(parents=True)
    session = "019fc8be-0000-7000-8000-00000000b19e"
    with (folder / f"rollout-2026-08-03T09-00-00-{session}.jsonl").open("w") as file:
        rows = [("session_meta", {"id": session, "cwd": "/home/dev/garden"})]
        for n in range(megabytes):
            text, call = pool.text(1_000_000), f"call_{n // 3:020}"
            rows.append(
                [
                    ("event_msg", {"type": "user_message", "message": text}),
                    (
                        "response_item",
                        {"type": "function_call", "name": "shell", "call_id": call}
                        | {"arguments": json.dumps({"command": [text]})},
                    ),
                    (
                        "response_item",
                        {"type": "function_call_output", "call_id": call, "output": text},
                    ),
                ][n % 3]
            )
            for kind, payload in rows:
                time = f"2026-08-03T{10 + n // 3600:02}:{n // 60 % 60:02}:{n % 60:02}.000Z"
                line = {"timestamp": time, "type": kind, "payload": payload}
                file.write(json.dumps(line) + "\n")
            rows = []


def test_long_inputs_and_outputs_are_whole_wherever_they_are_asked_for(
    claude_tree, codex, agp, rows, kept
):
    session, rollout, lengths = claude_tree("s1"), codex(), (65_536, 65_537, 200_001)
    session.person("Read them all")
    for n, length in enumerate(lengths):
        session.tool("Bash", "é\u2028日"[n] * length, command=("- " * length)[:length])
    rollout.header()
    rollout.ask("Read one")
    rollout.item("function_call", name="shell", call_id="c1", arguments='{"command": "ls"}')
    rollout.item("function_call_output", call_id="c1", output="日" * 100_000)
    agp("ingest")
    query = "select length(json_extract_string(input, '$.command')), length(output), output"
    found = rows(f"{query} from v_tool_calls where tool = 'Bash' order by called_at")
    assert [row[:2] for row in found[:3]] == [(n, n) for n in lengths]
    assert {row[2][:1] for row in found[:3]} == {"é", "\u2028", "日"}
    assert found[3][1:] == (100_000, "日" * 100_000)
    assert rows("select count(*) from tool_results where output is null") == [(3,)]
    assert kept(session.path) == [session.path.read_bytes()]
    agp("warehouse", "diff")
    agp("warehouse", "rebuild")
    assert rows(f"{query} from v_tool_calls where tool = 'Bash' order by called_at") == found


def test_a_record_may_span_segments():
    packer, dice = Packer(), random.Random(3)
    records = [dice.randbytes(n) for n in (0, 10, FULL, FULL - 10, 5 * FULL + 7, 1, 3 * FULL)]
    places = [packer.add(data) for data in records]
    packed = packer.drain()
    assert {length for _, length, _ in packed[:-1]} == {FULL} and packed[-1][1] <= FULL
    con = duckdb.connect()
    con.execute("create table segments (segment bigint, unpacked_length bigint, bytes blob)")
    con.executemany("insert into segments values (?, ?, ?)", packed)
    segments = Segments(con)
    assert [segments.read(*place) for place in places] == records
    with pytest.raises(ValueError, match="is missing"):
        segments.read(packed[-1][0], 0, 2 * FULL)


@pytest.mark.slow
def test_memory_does_not_grow_with_the_history_or_with_its_lines(home, agp):
    peaks = {}
    for name, write, megabytes in (
        ("100 MB", write_transcripts, 100),
        ("300 MB", write_transcripts, 300),
        ("60 lines of a megabyte", write_rollout, 60),
    ):
        own = home / name.replace(" ", "-")
        write(own, megabytes)
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("HOME", str(own))
            patch.setenv("AGP_HOME", str(own / ".agp"))
            peaks[name] = peak_mb()
    assert max(peaks.values()) < GROWTH * peaks["100 MB"], peaks
