"""A small warehouse written row by row: the schema alone, without any parser."""

import base64
import json
import shutil
from pathlib import Path

import duckdb
import pytest

from warehouse.segments import pack
from warehouse.store import open_writer

SESSION_ID = "5e551011-0000-4000-8000-000000000001"
FILE = {"file_id": "f1", "path": "/h/one.jsonl", "kind": "transcript", "bytes": 30, "records": 3}
RECORDS = [b'{"a":"b"}\n', b'{"key":"sk', b'{"a":"c"}\n']
SESSION = {"session_id": "s1", "agent": "claude", "project": "garden", "family_id": "s1"}
ASKED = {"message_id": "m1", "role": "user", "author": "person", "text": "Water the roses, please."}
DONE = {"message_id": "m2", "role": "assistant", "author": "agent", "text": "Done."}
EXCHANGE = {"exchange_id": "x1", "opener_id": "m1", "author": "person", "kind": "prompt"}
BLANKS = {"BOOLEAN": True, "TIMESTAMP": "2026-01-01", "BLOB": b"", "VARCHAR": ""}


def put(con: duckdb.DuckDBPyConnection, table: str, **values: object) -> None:
    """Insert a row; columns that must hold something and are not named get a blank."""
    columns = "select column_name, data_type from duckdb_columns() where table_name = ?"
    for name, kind in con.execute(columns + " and not is_nullable", [table]).fetchall():
        values.setdefault(name, BLANKS.get(kind, 0))
    marks = ", ".join("?" * len(values))
    con.execute(f"insert into {table} ({', '.join(values)}) values ({marks})", [*values.values()])


def fill(con: duckdb.DuckDBPyConnection) -> None:
    """Write one file of three records, one of them broken, and one exchange of two messages."""
    put(con, "files", **FILE, source="claude", version=1, state="present", quarantined=1)
    put(con, "segments", unpacked_length=30, bytes=pack(b"".join(RECORDS)))
    for i, line in enumerate(RECORDS):
        at = {"file_id": "f1", "ordinal": i, "byte_offset": 10 * i, "byte_length": 10}
        reason = "json" if i == 1 else None
        place = {"segment": 0, "stored_offset": 10 * i, "stored_length": len(line)}
        said = {"reason": reason, "excerpt": line if reason else None}
        put(con, "raw_records", **at, **place, **said, has_payload=False)
    put(con, "sessions", **SESSION, source="claude")
    for ordinal, (record, message) in enumerate([(0, ASKED), (2, DONE)]):
        at = {"file_id": "f1", "record_ordinal": record, "session_id": "s1"}
        put(con, "messages", **at, **message)
        place = {"message_id": message["message_id"], "exchange_id": "x1", "ordinal": ordinal}
        put(con, "placements", **at, **place, on_path=True)
    put(con, "exchanges", **EXCHANGE, session_id="s1", source="claude", interrupted=False)
    put(con, "lane_builds", build_id="b1", lane="sft", rows=1)
    put(con, "lane_rows", build_id="b1", split="train", row=4, exchange_id="x1", session_id="s1")
    put(con, "usage_lines", file_id="f1", record_ordinal=2, call_id="a1", session_id="s1")


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a warehouse file that is made once."""
    path = tmp_path_factory.mktemp("template") / "warehouse.duckdb"
    with open_writer(path) as con:
        fill(con)
    return path


@pytest.fixture
def small(home: Path, template: Path) -> Path:
    """Return a home whose warehouse holds one exchange and one broken record."""
    (home / ".agp").mkdir()
    shutil.copy(template, home / ".agp")
    return home


@pytest.fixture
def transcript(home: Path, agp) -> Path:
    """Return an ingested transcript: a prompt, a tool call, its result, an image, a torn line."""
    picture = base64.b64encode(bytes(range(256)) * 100).decode()
    use = {"type": "tool_use", "id": "toolu_1", "name": "Bash", "input": {"command": "ls"}}
    result = {"type": "tool_result", "tool_use_id": "toolu_1", "content": "roses.txt"}
    image = {"type": "image", "source": {"type": "base64", "data": picture}}
    turns = [
        ("user", "Water the roses, please."),
        ("assistant", [{"type": "text", "text": "Looking."}, use]),
        ("user", [result]),
        ("assistant", [{"type": "text", "text": "Done."}]),
        ("user", [{"type": "text", "text": "Like this?"}, image]),
    ]
    path = home / ".claude" / "projects" / "-garden" / f"{SESSION_ID}.jsonl"
    path.parent.mkdir(parents=True)
    with path.open("w") as file:
        for i, (role, content) in enumerate(turns):
            file.write(json.dumps(record(i, role, content)) + "\n")
        file.write('{"type": "user", "mess\n')
    agp("ingest")
    return path


def record(i: int, role: str, content: object) -> dict[str, object]:
    """Return a record of a transcript as Claude Code writes it."""
    message: dict[str, object] = {"role": role, "content": content}
    if role == "assistant":
        message |= {"id": f"msg_{i}", "model": "claude-opus-4-5", "usage": {"output_tokens": 7}}
    typed = {"permissionMode": "default"} if role == "user" and i != 2 else {}
    return {
        "type": role,
        "uuid": f"{i:08}-0000-4000-8000-000000000000",
        "parentUuid": f"{i - 1:08}-0000-4000-8000-000000000000" if i else None,
        "sessionId": SESSION_ID,
        "timestamp": f"2026-01-01T10:0{i}:00.000Z",
        "cwd": "/home/ada/garden",
        "version": "2.1.100",
        "message": message,
        "requestId": f"req_{i}",
        **typed,
    }
