"""What the lanes ask of the rules: which exchanges stay, which messages are stripped."""

from importlib import import_module

from filters.verdicts import verdicts

ANSWER = ("agent", "answer", "It stops at the last line end; I made it read on.")


def test_machinery_goes_and_people_stay(tell):
    tell("x1", "Why does the heartbeat time out?", ANSWER)
    tell("x2", "heartbeat", ANSWER)
    tell("x3", "Warmup", ("agent", "answer", "Ready."), author="harness", kind="warmup")
    found = verdicts(tell.con, "sft").exchanges
    assert found.select("exchange_id", "keep").rows() == [
        ("x1", True), ("x2", False), ("x3", False),
    ]  # fmt: skip
    assert found["dropped_by"].to_list() == [[], ["heartbeat"], ["warmup"]]


def test_a_notice_is_stripped_whole_and_a_reminder_by_its_span(tell):
    tell(
        "x1",
        "Fix it.\n<system-reminder>Be brief.</system-reminder>",
        ("harness", "task_notification", "<task-notification>failed</task-notification>"),
        ANSWER,
    )
    found = verdicts(tell.con, "sft").strips.rows()
    assert found == [
        ("x1", "x1-0", r"(?s)\s*<system-reminder>.*?</system-reminder>"),
        ("x1", "x1-1", None),
    ]
    assert verdicts(tell.con, "routing").strips.is_empty()


def test_only_what_is_new_or_changed_is_evaluated_again(tell):
    from filters.compile import rule_set
    from filters.run import update

    tell("x1", "Why?", ANSWER)
    tell("x2", "And why that?", ANSWER)
    assert update(tell.con, rule_set()) == 2
    assert update(tell.con, rule_set()) == 0
    tell("x3", "heartbeat", ANSWER)
    tell.con.execute("update exchanges set kind = 'warmup' where exchange_id = 'x2'")
    assert update(tell.con, rule_set()) == 3  # x1 hears that its next one is another
    assert verdicts(tell.con, "sft").exchanges["keep"].to_list() == [True, False, False]


def test_copies_are_looked_for_only_where_something_changed(tell, monkeypatch):
    copies = import_module("filters.duplicates")
    looked, look = [], copies.update_clusters
    monkeypatch.setattr(copies, "update_clusters", lambda con: (looked.append(1), look(con)))
    tell("x1", "Why?", ANSWER)
    for expected in (1, 1):
        verdicts(tell.con, "sft")
        assert len(looked) == expected
    tell("x2", "Why?", ANSWER)
    verdicts(tell.con, "sft")
    assert len(looked) == 2
    tell.con.execute("delete from features")
    verdicts(tell.con, "sft")
    assert len(looked) == 3
    rows = tell.con.sql("select exchange_id, mirrors from features order by all").fetchall()
    assert rows == [("x1", None), ("x2", "exact")]


def test_a_copy_is_told_of_its_better_original(tell):
    tell("x1", "Sort the list!", ANSWER)
    tell("x2", "Sort the list!", ANSWER)
    tell("x3", "sort the  list", ANSWER)
    verdicts(tell.con, "sft")
    rows = tell.con.sql("select exchange_id, copies, mirrors from features order by all").fetchall()
    assert rows == [("x1", 3, None), ("x2", 3, "exact"), ("x3", 3, "normalised")]


def test_slices_change_nothing(tell, monkeypatch):
    fresh = import_module("warehouse.features.refresh")
    for i in range(7):
        prompt = "heartbeat" if i % 3 == 0 else f"Why {i}?"
        tell(f"x{i}", prompt, ("agent", "answer", "Because it is so, and stays so."))
    monkeypatch.setattr(fresh, "SLICE", 2)
    sliced = verdicts(tell.con, "sft").exchanges
    rows = tell.con.sql("select * from features order by exchange_id").fetchall()
    tell.con.execute("delete from features; delete from decisions")
    monkeypatch.setattr(fresh, "SLICE", 100)
    assert sliced.equals(verdicts(tell.con, "sft").exchanges)
    assert rows == tell.con.sql("select * from features order by exchange_id").fetchall()
    assert sliced["dropped_by"].to_list()[:2] == [["heartbeat"], []]
