"""What stands across records is worked out a share of the sessions at a time, with the same end."""

import json
from importlib import import_module

import pytest

from lanes.sample_history import copy_to
from lanes.sample_history.logs import copy_logs_to
from lanes.sample_history.memories import copy_memories_to
from lanes.sample_history.rollouts import copy_rollouts_to
from warehouse.store import open_reader

RESOLVE = import_module("lanes.exchanges.resolve")  # the package names its function alike
SAME = "a rebuild would change nothing"


@pytest.fixture
def chain(claude_tree):
    """Four sessions, each of which begins with a copy of the end of another, and one apart."""
    session = claude_tree("s1")
    for n in range(4):
        session.person(f"Water row {n}")
        session.agent(f"Row {n} is wet.")
    for n in range(2, 5):
        lines = session.path.read_text().splitlines(keepends=True)[-4:]
        new = claude_tree(f"s{n}")
        text = "".join(lines).replace(
            f'"sessionId": "{session.session_id}"', f'"sessionId": "s{n}"'
        )
        new.path.parent.mkdir(parents=True, exist_ok=True)
        new.path.write_text(text)
        session = new
        session.at = json.loads(lines[-1])["uuid"]
        session.person(f"Now the roses of bed {n}")
        session.agent(f"Bed {n} is done.")
    claude_tree("t1").person("Count the slugs")


@pytest.mark.parametrize("at_once", [1, 7])
def test_a_chain_of_copies_is_one_family_in_any_shares(chain, agp, rows, monkeypatch, at_once):
    monkeypatch.setattr(RESOLVE, "AT_ONCE", at_once)
    agp("ingest")
    families = rows(
        "select list(session_id order by session_id) from v_sessions group by family_id"
    )
    assert sorted(families) == [(["s1", "s2", "s3", "s4"],), (["t1"],)]
    assert rows("select count(*), max(sightings) from v_exchanges")[0][0] == 8
    monkeypatch.setattr(RESOLVE, "AT_ONCE", 1000)
    assert SAME in agp("warehouse", "diff").stdout


def test_shares_hold_about_so_many_records_and_every_session_once(chain, agp, monkeypatch):
    agp("ingest")
    monkeypatch.setattr(RESOLVE, "AT_ONCE", 7)
    wanted = {"s1", "s2", "s3", "s4", "t1", "nothing yet"}
    with open_reader() as con:
        found = list(RESOLVE.shares(con, wanted))
        assert list(RESOLVE.shares(con, set())) == []
    assert set.union(*found) == wanted and sum(map(len, found)) == len(wanted) and len(found) > 2


@pytest.mark.slow
def test_the_sample_history_in_small_shares(home, agp, monkeypatch):
    for lay in (copy_to, copy_logs_to, copy_rollouts_to, copy_memories_to):
        lay(home)
    agp("ingest")
    agp("ingest", home / "memory")
    monkeypatch.setattr(RESOLVE, "AT_ONCE", 300)
    assert SAME in agp("warehouse", "diff").stdout
