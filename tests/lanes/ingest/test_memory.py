"""An ingest stays within its memory, and a record that needs more gets it."""

import json

import duckdb
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
    monkeypatch.setattr(memory, "LARGE", 100_000)
    con = duckdb.connect()
    memory.spare(con)
    bound = limit(con)
    memory.allow(con, batch(home, "short"))
    assert limit(con) == bound
    memory.allow(con, batch(home, "long " * 30_000))
    assert limit(con) != bound


def test_work_that_needs_more_memory_gets_twice_as_much_each_time():
    con, seen = duckdb.connect(), []
    memory.spare(con)

    def work():
        seen.append(limit(con))
        if len(seen) < 3:
            raise duckdb.TransactionException("Failed to commit: no room; see SET memory_limit")

    memory.within(con, work)
    sizes = [float(size.removesuffix(" MiB")) for size in seen]
    assert sizes == pytest.approx([sizes[0], 2 * sizes[0], 4 * sizes[0]], abs=0.5)

    def refused():
        raise duckdb.TransactionException("Failed to commit: a conflict")

    with pytest.raises(duckdb.TransactionException, match="conflict"):
        memory.within(con, refused)


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
