"""The sample's memory tables: which prompt is which exchange, against what was planted."""

from collections import defaultdict
from itertools import combinations

import pytest

from lanes import sample_history
from lanes.sample_history.memories import copy_memories_to

LINES = """select s.record_ordinal, s.exchange_id from v_sightings s where s.source = 'supabase'"""


@pytest.mark.slow
def test_precision_and_recall_of_prompts_in_the_archive(agp, home, rows):
    sample_history.copy_to(home)
    truth = copy_memories_to(home)
    agp("ingest", home / ".claude")
    agp("ingest", home / "memory")
    openers = dict(rows("select opener_id, exchange_id from v_exchanges"))
    planted, found = defaultdict(list), defaultdict(list)
    for line, name in truth:
        planted[name].append(line)
        if name in openers and name not in found[openers[name]]:
            planted[name].append(name)
            found[openers[name]].append(name)
    for line, exchange in rows(LINES):
        found[exchange].append(line)
    true, said = (
        {frozenset(pair) for group in groups.values() for pair in combinations(group, 2)}
        for groups in (planted, found)
    )
    assert len(true) >= 300
    assert len(true & said) / len(said) >= 0.99
    assert len(true & said) / len(true) >= 0.99


@pytest.mark.slow
def test_both_edges_and_memories_are_read_and_rebuilt_alike(agp, home, rows):
    copy_memories_to(home)
    agp("ingest", home / "memory")
    counts = "select (select count(*) from v_memories), (select count(*) from v_memory_edges)"
    before = rows(counts)
    assert before[0][0] > 900 and before[0][1] > 500
    dangling = """select count(*) from v_memory_edges
        where parent_id not in (select memory_id from v_memories)"""
    assert rows(dangling) == [(0,)]
    agp("warehouse", "rebuild")
    assert rows(counts) == before
