"""What `agp ingest` says and keeps, on small trees."""

import json
from pathlib import Path

import pytest

from warehouse.payloads import file_bytes
from warehouse.store import open_reader

LINE = b'{"type":"user","uuid":"%d","sessionId":"s","message":{"role":"user","content":"hello"}}\n'


@pytest.fixture
def tree(home: Path) -> Path:
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    return folder


def rows(query: str) -> list[tuple]:
    with open_reader() as con:
        return con.execute(query).fetchall()


def kept(path: Path) -> bytes:
    with open_reader() as con:
        (file_id,) = con.execute(
            "select file_id from files where path = ? order by version desc", [str(path)]
        ).fetchone() or [""]
        return b"".join(file_bytes(con, file_id))


def test_every_byte_is_kept(tree: Path, agp):
    file = tree / "s.jsonl"
    file.write_bytes(LINE % 1 + b"\n{broken\n" + b"\xff\xfe\n" + b"4\n" + LINE % 2)
    agp("ingest")
    assert kept(file) == file.read_bytes()
    assert rows("select byte_offset, reason from raw_records where reason is not null") == [
        (87, "blank line"),
        (88, "not JSON"),
        (96, "not JSON"),
        (99, "a number, not an object"),
    ]


def test_a_second_ingest_changes_nothing(tree: Path, agp):
    (tree / "s.jsonl").write_bytes(LINE % 1)
    first = json.loads(agp("ingest", "--json").stdout)
    second = json.loads(agp("ingest", "--json").stdout)
    assert first["new"]["records"] == 1
    assert set(second["new"].values()) == {0} and second["files"]["unchanged"] == 1
    assert rows("select count(*) from ingests") == [(1,)]


def test_an_empty_home_is_no_error(home: Path, agp):
    assert "No transcript was found" in agp("ingest").output


def test_a_path_that_is_not_there_is_one_line(home: Path, agp):
    assert agp("ingest", "nowhere", exit_code=2).output.startswith("agp: there is nothing at")
