"""Clusters and templates in the warehouse: by quality, incremental, whole whenever it is ended."""

import random
from importlib import import_module

import orjson
import pytest

from bench.duplicates.planted import Writer, planted
from filters.duplicates import update_clusters
from filters.near_settings import near_settings
from filters.verdicts import verdicts
from warehouse.features import refresh

WORDS = (
    "The gate squeaks because its lower hinge ran dry over the winter; a drop of oil on the pin "
    "mends it, and the upper one may have some too while the can is open."
)
ASK = "Why does the gate of the garden behind the house squeak in the morning?"
ANSWER = ("agent", "answer", WORDS)


def clusters(tell) -> list[tuple]:
    query = "select exchange_id, cluster_id, method from v_clusters order by all"
    return tell.con.execute(query).fetchall()


def update(tell) -> None:
    refresh(tell.con)
    update_clusters(tell.con)


def test_a_near_copy_joins_the_cluster_of_the_exact_ones(tell):
    tell("x1", ASK, ANSWER)
    tell("x2", ASK, ANSWER)
    tell("x3", ASK.upper(), ANSWER)
    tell("x4", ASK.replace("morning", "mornings"), ANSWER)
    tell("x5", "How high is the gate?", ANSWER)
    update(tell)
    assert clusters(tell) == [
        ("x1", "x1", "exact"), ("x2", "x1", "exact"), ("x3", "x1", "normalised"),
        ("x4", "x1", "near"),
    ]  # fmt: skip
    query = "select copies, near_copies, is_near_copy, mirrors from features order by exchange_id"
    assert tell.con.execute(query).fetchall() == [
        (3, 4, False, None), (3, 4, False, "exact"), (3, 4, False, "normalised"),
        (1, 4, True, "near"), (1, 1, False, None),
    ]  # fmt: skip
    found = tell.con.execute("select similarity from features where is_near_copy").fetchall()
    assert 0.8 < found[0][0] < 1


def test_the_best_represents_the_others_and_a_near_mirror_of_a_lower_source_goes(tell):
    tell.con.execute("insert into sources (source, priority) values ('claude', 9), ('prompts', 1) "
                     "on conflict do nothing")  # fmt: skip
    tell("x1", ASK + " Tell me!", ANSWER, source="prompts")
    tell("x2", ASK, ANSWER)
    found = verdicts(tell.con, "sft").exchanges
    assert clusters(tell) == [("x1", "x2", "near"), ("x2", "x2", "exact")]
    assert found["dropped_by"].to_list() == [["mirror-near"], []]


def test_only_new_texts_are_sketched_and_the_outcome_is_the_same(tell, monkeypatch):
    module = import_module("filters.duplicates")
    seen: list[int] = []
    real = module.sketched
    monkeypatch.setattr(module, "sketched", lambda d, s: (seen.append(len(d)), real(d, s))[1])
    for n in range(3):
        tell(f"x{n}", ASK + " Now" * n, ANSWER)
        update(tell)
    update(tell)
    assert seen == [1, 1, 1]
    grown = clusters(tell)
    tell.con.execute("delete from sketches; delete from near_pairs")
    update(tell)
    assert seen[3:] == [3] and clusters(tell) == grown and len(grown) == 3


def test_piece_by_piece_in_any_order_the_clusters_are_those_of_one_run(tell, monkeypatch):
    texts = planted(200, seed=8)
    asked = {f"x{n:03}": (text.text[:90], ("agent", "answer", text.text[90:]))
             for n, text in enumerate(texts)}  # fmt: skip
    names = list(asked)
    for some in (names[150:], names[:70], names[70:150]):
        for name in some:
            tell(name, *asked[name])
        monkeypatch.setattr(import_module("warehouse.features.refresh"), "SLICE", len(some) // 3)
        monkeypatch.setattr(import_module("filters.duplicates"), "TOGETHER", 2)
        update(tell)
    grown = clusters(tell), tell.con.execute("from near_pairs order by all").fetchall()
    tell.con.execute("delete from sketches; delete from near_pairs")
    monkeypatch.undo()
    update(tell)
    assert (clusters(tell), tell.con.execute("from near_pairs order by all").fetchall()) == grown
    assert len(grown[0]) >= 40 and {method for *_, method in grown[0]} == {"exact", "near"}


def test_what_was_broken_off_is_made_up_for(tell, monkeypatch):
    fresh = import_module("warehouse.features.refresh")
    module = import_module("filters.duplicates")
    monkeypatch.setattr(fresh, "SLICE", 2)
    monkeypatch.setattr(module, "TOGETHER", 1)
    for n in range(6):
        tell(f"x{n}", ASK + " Now" * n, ANSWER)
    real, calls = module.store_pairs, []

    def dies(con, found):
        calls.append(found)
        if len(calls) == 2:
            raise KeyboardInterrupt
        real(con, found)

    monkeypatch.setattr(module, "store_pairs", dies)
    with pytest.raises(KeyboardInterrupt):
        update(tell)
    tell.con.execute("rollback")
    assert tell.con.execute("select count(*) from sketches").fetchall() == [(2,)]
    update(tell)
    assert {row[1] for row in clusters(tell)} == {"x0"} and len(clusters(tell)) == 6


def test_texts_that_are_gone_and_other_settings_leave_nothing_behind(tell, monkeypatch):
    tell("x1", ASK, ANSWER)
    tell("x2", ASK + " Now", ANSWER)
    update(tell)
    other = near_settings().model_copy(update={"slack": 4})
    monkeypatch.setattr("filters.duplicates.near_settings", lambda: other)
    update(tell)
    versions = tell.con.execute("select distinct version from sketches").fetchall()
    assert versions == [(other.version(),)] != [(near_settings().version(),)]
    assert tell.con.execute("select count(*) from near_pairs").fetchall() == [(1,)]
    tell.con.execute("delete from exchanges where exchange_id = 'x2'")
    update(tell)
    assert clusters(tell) == []
    assert tell.con.execute("select count(*) from near_pairs").fetchall() == [(0,)]


def test_prompts_of_one_template_are_named_and_not_clustered(tell):
    writer = Writer("latin", random.Random(3))
    for n in range(9):
        review = writer.joined(writer.some(30))
        pasted = f"{ASK} Read what follows, say what is wrong in three lines, and stop: {review}"
        tell(f"x{n}", pasted, ("agent", "answer", f"Nothing but {review[:40]} is wrong there."))
    tell("y1", "What is the time in the village?", ANSWER)
    update(tell)
    query = "select exchange_id, members from v_templates order by all"
    assert tell.con.execute(query).fetchall() == [(f"x{n}", 9) for n in range(9)]
    assert clusters(tell) == []


def test_ten_thousand_equal_texts_are_one_text_to_compare(tell):
    tell("x0", ASK, ANSWER)
    tell("y0", ASK + " Now", ANSWER)
    refresh(tell.con)
    tell.con.execute(
        "insert into features select * exclude (n) replace ('x' || n as exchange_id) "
        "from features, range(1, 10000) t(n) where exchange_id = 'x0'"
    )
    tell.con.execute(
        "insert into exchanges select * exclude (n) replace ('x' || n as exchange_id) "
        "from exchanges, range(1, 10000) t(n) where exchange_id = 'x0'"
    )
    update_clusters(tell.con)
    assert tell.con.execute("select count(*) from sketches").fetchall() == [(2,)]
    methods = "select method, count(*) from v_clusters group by all order by all"
    assert tell.con.execute(methods).fetchall() == [("exact", 10_000), ("near", 1)]


def test_the_command_lists_clusters_and_shows_what_differs(claude_tree, agp):
    for n, prompt in enumerate((ASK, ASK.replace("garden", "orchard"))):
        session = claude_tree(f"s{n}")
        session.person(prompt)
        session.agent(WORDS + " Write to ann@hollis-tools.com.")
    agp("ingest")
    out = agp("filters", "duplicates").stdout
    assert "clusters: 1, of 2 exchanges" in out and "1 near" in out
    found = orjson.loads(agp("filters", "duplicates", "--alike", "near", "--json").stdout)
    cluster = found["clusters"][0]
    assert (cluster["near"], cluster["exact"], found["templates"]) == (1, 0, [])
    shown = agp("filters", "duplicates", cluster["cluster_id"]).stdout
    assert "garden → orchard" in shown or "orchard → garden" in shown
    assert "ann@hollis" not in shown
    assert "nothing is alike so: exact" in agp("filters", "duplicates", "--alike", "exact").stdout
    some = orjson.loads(agp("filters", "duplicates", "--alike", "template", "--json").stdout)
    assert (some["clusters"], some["templates"], some["totals"]["clusters"]) == ([], [], 1)
    agp("filters", "duplicates", "zz", exit_code=2)


def test_an_exchange_without_copies_is_named_so(claude_tree, agp):
    session = claude_tree("s1")
    session.person(ASK)
    session.agent(WORDS)
    agp("ingest")
    assert "no two exchanges say the same" in agp("filters", "duplicates").stdout
    name = agp("sql", "--csv", "select exchange_id from v_exchanges").stdout.split()[-1]
    assert "has no copy" in agp("filters", "duplicates", name, exit_code=2).output
