"""An ingest stays within its memory, and a record that needs more gets it."""

import json

import pytest

from lanes.ingest import memory
from lanes.ingest.buffers import Batch
from lanes.ingest.parse import parse
from lanes.ingest.plan import Job
from lanes.sources.discover import discover


def batch(home, text: str) -> Batch:
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True, exist_ok=True)
    record = {"type": "user", "uuid": "u", "message": {"role": "user", "content": text}}
    (folder / "s.jsonl").write_text(json.dumps(record) + "\n")
    return next(parse([Job(file, True) for file, _ in discover().files]))


def limit(con) -> str:
    return con.execute("select current_setting('memory_limit')").fetchone()[0]


def test_the_bound_is_lifted_for_a_long_record_alone(home, monkeypatch):
    import duckdb

    monkeypatch.setattr(memory, "LARGE", 100_000)
    con = duckdb.connect()
    memory.spare(con)
    bound = limit(con)
    memory.allow(con, batch(home, "short"))
    assert limit(con) == bound
    memory.allow(con, batch(home, "long " * 30_000))
    assert limit(con) != bound


@pytest.mark.slow
def test_a_record_of_more_than_the_bound_is_kept(home, agp):
    batch(home, "long words " * 20_000_000)
    assert json.loads(agp("ingest", "--json").stdout)["new"]["prompts"] == 1


def test_checkpoints_on_the_way_change_nothing(home, agp, rows, monkeypatch):
    from lanes.sample_history import copy_to

    copy_to(home)
    monkeypatch.setattr(memory, "EVERY", 0)
    taken = []
    checkpoint = memory.checkpoint
    monkeypatch.setattr(memory, "checkpoint", lambda con: (taken.append(con), checkpoint(con)))
    agp("ingest")
    assert len(taken) > 1
    assert "every byte as it was read" in agp("warehouse", "verify").stdout
