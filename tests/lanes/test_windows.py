"""Windows: every exchange that earns loss is new in exactly one row, within the limits."""

from hypothesis import given
from hypothesis import strategies as st

from lanes.chat import Talk
from lanes.windows import Limits, Member, windows

LIMITS = Limits(chars=100, exchanges=3, history_chars=40, history_exchanges=2)


def member(name: str, parent: str | None, chars: int = 10, weight=1.0, earns=True) -> Member:
    return Member(name, "s", parent, Talk([], [], chars), weight, earns)


def names(*members: Member, parents: dict[str, str | None] | None = None):
    parents = {m.exchange_id: m.parent_id for m in members} | (parents or {})
    rows = windows(members, parents, LIMITS)
    return [
        ("".join(m.exchange_id for m in row.context), "".join(m.exchange_id for m in row.new))
        for row in rows
    ]


def test_a_conversation_is_one_row_until_it_is_full():
    rows = names(member("a", None), member("b", "a"), member("c", "b"), member("d", "c"))
    assert rows == [("", "abc"), ("bc", "d")]


def test_a_fork_begins_a_row_of_its_own_after_the_shared_past():
    rows = names(member("a", None), member("b", "a"), member("c", "a"))
    assert rows == [("", "ab"), ("a", "c")]


def test_what_was_left_out_is_bridged():
    assert names(member("a", None), member("c", "b"), parents={"b": "a"}) == [("", "ac")]


def test_another_weight_begins_a_row():
    rows = names(member("a", None), member("b", "a", weight=0.5))
    assert rows == [("", "a"), ("a", "b")]


def test_what_earns_no_loss_is_context_or_nothing():
    rows = names(member("a", None, earns=False), member("b", "a"), member("c", "b", earns=False))
    assert rows == [("", "ab")]


def test_long_history_is_not_repeated():
    rows = names(member("a", None, 90), member("b", "a", 90))
    assert rows == [("", "a"), ("", "b")]


@st.composite
def forests(draw):
    count = draw(st.integers(1, 12))
    members = []
    for i in range(count):
        parent = draw(st.none() | st.integers(0, i - 1)) if i else None
        members.append(
            member(
                str(i),
                None if parent is None else str(parent),
                draw(st.integers(1, 100)),
                draw(st.sampled_from([1.0, 0.5])),
                draw(st.booleans()),
            )
        )
    return members


@given(forests(), st.sets(st.integers(0, 11)))
def test_every_answer_is_supervised_exactly_once(members, left_out):
    parents = {m.exchange_id: m.parent_id for m in members}
    kept = [m for m in members if int(m.exchange_id) not in left_out]
    rows = list(windows(kept, parents, LIMITS))
    supervised = sorted(m.exchange_id for row in rows for m in row.new if m.earns)
    assert supervised == sorted(m.exchange_id for m in kept if m.earns)
    for row in rows:
        both = [*row.context, *row.new]
        assert sum(m.talk.chars for m in both) <= LIMITS.chars
        assert len(row.new) <= LIMITS.exchanges and len(row.context) <= LIMITS.history_exchanges
        assert len({m.exchange_id for m in both}) == len(both)
        assert len({m.weight for m in row.new if m.earns}) == 1
