"""What stands before and after an exchange, as rules read it, also when the next comes later."""

import json

from warehouse.store import open_writer

RULE = """
[[rule]]
id = "asked-again-at-once"
why = "A prompt that was typed anew within a minute and a half a day is its own correction."
on = "exchange"
action = "drop"
where = "next_author = 'person' and seconds_until_next <= 86400 and next_words > previous_words"
miss = ["a b"]

[[rule.hit]]
prompt = "a b"
next_author = "person"
seconds_until_next = 9
next_words = 3
previous_words = 1
"""


def test_neighbours_are_those_of_the_thread(tell, home, agp):
    tell("x1", "One")
    tell("x2", "Two words")
    tell("x3", "Three more words", author="command", kind="command")
    tell.con.close()
    agp("filters", "run")
    query = (
        "select exchange_id, previous_author, previous_words, next_kind, next_words, "
        "seconds_since_previous from features order by 1"
    )
    with open_writer() as con:
        assert con.sql(query).fetchall() == [
            ("x1", None, None, "prompt", 2, None),
            ("x2", "person", 1, "command", 3, 86400.0),
            ("x3", "person", 2, None, None, 86400.0),
        ]


def test_a_rule_looks_again_when_a_next_one_comes(tell, home, agp):
    rules = home / ".agp" / "rules"
    rules.mkdir(parents=True)
    (rules / "mine.toml").write_text(RULE)
    tell("x1", "One")
    tell("x2", "Two words")
    tell.con.close()
    agp("filters", "test")
    dropped = "select exchange_id from v_decisions where rule_id = 'asked-again-at-once'"

    def said() -> list[dict[str, str]]:
        agp("filters", "run")
        return json.loads(agp("sql", f"{dropped} group by all", "--json").output)

    assert said() == []
    with open_writer() as con:
        tell.con = con
        con.execute(
            "insert into messages (file_id, record_ordinal, message_id, session_id, role, author, "
            "kind, text) values ('x3', 0, 'x3-0', 's1', 'user', 'person', 'prompt', 'Four of them')"
        )
        con.execute(
            "insert into placements (file_id, record_ordinal, message_id, session_id, exchange_id, "
            "ordinal, on_path) values ('x3', 0, 'x3-0', 's1', 'x3', 0, true)"
        )
        con.execute(
            "insert into exchanges (exchange_id, session_id, source, opener_id, ordinal, author, "
            "kind, asked_at, interrupted) values ('x3', 's1', 'claude', 'x3-0', 2, 'person', "
            "'prompt', timestamp '2026-03-03', false)"
        )
    assert said() == [{"exchange_id": "x2"}]
