"""Input as it should not be: cut anywhere, of any time, side by side, of two machines in one."""

import json
import random
from datetime import UTC, datetime
from pathlib import Path

import pyarrow as pa
import pytest

from lanes.sample_history import copy_to
from lanes.sample_history.logs import copy_logs_to
from lanes.sample_history.rollouts import copy_rollouts_to

SPREAD = "select sum(byte_length)::bigint, count(*) from raw_records"
AT = datetime(2026, 3, 1, 9, tzinfo=UTC)


def packed(data: bytes) -> bytes:
    return pa.Codec("zstd").compress(data, asbytes=True)


@pytest.fixture
def rollout_path(home):
    """Return a function that gives the place of a rollout by its number."""
    folder = home / ".codex/sessions/2026/08/03"
    folder.mkdir(parents=True)

    def place(n: int) -> Path:
        return folder / f"rollout-2026-08-03T09-00-00-019fc8be-0000-7000-8000-{n:012}.jsonl"

    return place


def turns(count: int, tag: str = "") -> bytes:
    """Return a rollout of so many turns."""
    rows = [{"type": "session_meta", "payload": {"id": f"019{tag}", "cwd": "/home/dev/garden"}}]
    for n in range(count):
        for kind in ("user_message", "agent_message"):
            said = {"type": kind, "message": f"{kind[0]}{n} {tag}"}
            rows.append({"type": "event_msg", "payload": said})
    return b"".join(
        json.dumps({"timestamp": f"2026-08-03T09:00:{i:02}.000Z"} | row).encode() + b"\n"
        for i, row in enumerate(rows)
    )


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(4))
def test_every_file_cut_at_a_random_byte(home, agp, rows, seed):
    for lay in (copy_to, copy_logs_to, copy_rollouts_to):
        lay(home)
    dice, whole = random.Random(seed), 0
    for tree in (home / ".claude", home / ".codex"):
        for path in sorted(p for p in tree.rglob("*") if p.is_file()):
            data = path.read_bytes()
            path.write_bytes(data[: dice.randrange(1, len(data))])
            if path.suffix != ".zst":
                whole += path.stat().st_size
    agp("ingest")
    [(kept, records)] = rows(SPREAD)
    assert records > 1_000 and kept <= whole + 10_000_000
    assert "every byte as it was read" in agp("warehouse", "verify").stdout
    agp("warehouse", "diff")
    for view in ("v_exchanges", "v_tool_calls", "v_usage"):
        assert rows(f"select count(*) > 0 from {view}") == [(True,)]


def test_packed_rollouts_that_are_cut(rollout_path, agp, rows):
    whole = {Path(f"{rollout_path(n)}.zst"): packed(turns(60, str(n))) for n in range(5)}
    for path, end in zip(whole, (1, 20, 200, -1, -10), strict=True):
        path.write_bytes(whole[path][:end])
    assert "ends too early" in agp("ingest").stderr
    assert rows("select count(*) from v_exchanges")[0][0] <= 300
    for path, data in whole.items():
        path.write_bytes(data)
    agp("ingest")
    assert rows("select count(*), count(answer) from v_exchanges") == [(300, 300)]
    assert "every byte as it was read" in agp("warehouse", "verify").stdout


def test_plain_and_packed_side_by_side_are_one_session(rollout_path, agp, rows):
    data, path = turns(4), rollout_path(1)
    beside = Path(f"{path}.zst")
    path.write_bytes(data)
    agp("ingest")
    for plain in (True, False, True):
        if plain:
            path.write_bytes(data)
        beside.write_bytes(packed(data))
        agp("ingest")
        path.unlink(missing_ok=True)
        agp("ingest")
        assert rows("select count(*), max(sightings) from v_exchanges") == [(4, 1)]
        assert rows("select count(*), max(version) from files") == [(1, 1)]


TIMES = {
    int(AT.timestamp()): AT,
    AT.timestamp() + 0.5: AT.replace(microsecond=500_000),
    int(AT.timestamp() * 1000): AT,
    "2026-03-01T09:00:00.000Z": AT,
    "2026-03-01T09:00:00": AT,
    "2026-03-01 09:00:00": AT,
    "2026-03-01T11:00:00+02:00": AT,
    "2026-03-01T04:00:00-0500": AT,
    "2199-01-01T00:00:00Z": datetime(2199, 1, 1, tzinfo=UTC),
    "soon": None,
    "": None,
    -1: datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC),
    10**30: None,
    float("nan"): None,
    "0000-00-00T00:00:00Z": None,
    True: None,
}


def test_times_of_every_kind(home, claude_tree, agp, rows):
    for n, time in enumerate(TIMES):
        claude_tree(f"s{n}").person(f"Number {n}", timestamp=time)
    log = home / ".claude/prompt-logs/verbose-all.jsonl"
    log.parent.mkdir()
    with log.open("w") as file:
        for n, time in enumerate(TIMES):
            row = {"session_id": f"l{n}", "prompt_text": f"Logged {n}", "timestamp": time}
            file.write(json.dumps(row) + "\n")
    agp("ingest")
    wanted = [None if at is None else at.replace(tzinfo=None) for at in TIMES.values()]
    for source in ("claude", "verbose"):
        query = "select asked_at from v_exchanges where source = '{}' order by session_id"
        number = "regexp_extract(session_id, '\\d+')::int"
        found = rows(query.format(source).replace("by session_id", f"by {number}"))
        assert [at for (at,) in found] == wanted, source
    agp("status")
    agp("warehouse", "diff")


NO_JSON = ['{"branch": "main"', "main", "[1, 2", '"{\\"branch\\": 1}"', "{}", "\ud83d", None, 7]


def test_json_in_a_string_that_is_none(home, rollout_path, agp, rows):
    log = home / ".claude/prompt-logs/verbose-all.jsonl"
    log.parent.mkdir(parents=True)
    for n, given in enumerate(NO_JSON):
        row = {"session_id": f"s{n}", "prompt_text": f"Water {n}", "timestamp": 1772355600 + n}
        row |= dict.fromkeys(("environment", "git_context_json", "tool_calls"), given)
        with log.open("a") as file:
            file.write(json.dumps(row | {"assistant_turns": given}) + "\n")
        call = {"type": "function_call", "name": "shell", "call_id": "c1", "arguments": given}
        line = {"timestamp": "2026-08-03T10:00:01Z", "type": "response_item", "payload": call}
        rollout_path(n).write_bytes(turns(1, str(n)) + json.dumps(line).encode() + b"\n")
    agp("ingest")
    asked = [prompt for (prompt,) in rows("select prompt from v_exchanges order by 1")]
    numbers = range(len(NO_JSON))
    assert asked == [f"Water {n}" for n in numbers] + [f"u0 {n}" for n in numbers]
    assert rows("select count(*) from v_quarantine") == [(0,)]
    agp("warehouse", "diff")


def test_two_machines_histories_in_one_home(home, claude_tree, agp, rows):
    """A copied home beside one's own: what both hold is one exchange, and nothing is mixed."""
    mine = claude_tree("s1", cwd="/Users/mira/code/garden")
    mine.person("Water the roses")
    mine.agent("Done.")
    theirs = home / ".claude/projects/-home-mira-garden/s1.jsonl"
    theirs.parent.mkdir()
    theirs.write_bytes(mine.path.read_bytes())
    mine.person("Asked on the first machine")
    with theirs.open("a") as file:
        more = json.loads(theirs.read_text().splitlines()[-1])
        more |= {"type": "user", "uuid": "0" * 8 + "-1111-4111-8111-" + "1" * 12}
        more |= {"parentUuid": mine.at, "permissionMode": "default", "cwd": "/home/mira/garden"}
        more |= {"message": {"role": "user", "content": "Asked on the second machine"}}
        file.write(json.dumps(more) + "\n")
    history = home / ".claude/history.jsonl"
    stamp = int((AT.timestamp() + 60) * 1000)
    row = {"display": "Water the roses", "timestamp": stamp, "project": "/x", "sessionId": "s1"}
    history.write_text((json.dumps(row) + "\n") * 2)
    agp("ingest")
    asked = sorted(prompt for (prompt,) in rows("select prompt from v_exchanges"))
    assert asked.count("Asked on the first machine") == 1
    assert asked.count("Asked on the second machine") == 1
    assert [a for a in asked if a.startswith("Water")] == ["Water the roses"]
    assert rows("select count(*) from v_files where kind = 'transcript'") == [(2,)]
    agp("warehouse", "diff")
