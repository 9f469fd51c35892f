"""The audit's numbers add up, whatever the rules and whatever they hit."""

from collections.abc import Sequence
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from filters.audit import Group, exchange_audit, message_audit
from filters.compile import Compiled
from filters.decide import decide, strips
from filters.rule import LANES, Rule
from warehouse.expressions import check

TRUE = check("true", ())


def compiled(position: int, on: str, action: str, lanes: Sequence[str], priority: int) -> Compiled:
    rule = Rule.model_validate(
        {"id": f"r{position}", "why": "w", "on": on, "action": action, "lanes": lanes,
         "priority": priority, "where": "true", "hit": ["a"], "miss": ["b"],
         "weight": 0.5 if action == "weight" else None}
    )  # fmt: skip
    return Compiled(rule, Path("x.toml"), position, TRUE)


def rule_sets(on: str, actions: tuple[str, ...]):
    one = st.tuples(
        st.sampled_from(actions),
        st.lists(st.sampled_from(LANES), min_size=1, unique=True),
        st.integers(-2, 2),
    )
    made = st.lists(one, min_size=1, max_size=90)
    return made.map(lambda rows: [compiled(i, on, *row) for i, row in enumerate(rows)])


def group_lists():
    one = st.builds(
        Group,
        mask=st.integers(0, 2**90 - 1),
        source=st.sampled_from(["claude", "codex"]),
        month=st.sampled_from(["2026-01", "2026-02"]),
        project=st.sampled_from(["garden", "oven"]),
        n=st.integers(1, 50),
    )
    return st.lists(one, max_size=30)


@given(rule_sets("exchange", ("drop", "keep", "flag", "weight")), group_lists())
def test_what_rules_drop_in_order_adds_up_to_the_exchanges_dropped(rules, groups):
    for lane in LANES:
        audit = exchange_audit(groups, rules, lane)
        dropped = sum(g.n for g in groups if not decide(g.mask, rules, lane).keep)
        drops = [e for e in audit.effects if e.action == "drop"]
        assert audit.total == sum(g.n for g in groups)
        assert sum(e.marginal for e in drops) == audit.dropped == dropped
        assert sum(audit.dropped_by_source.values()) == dropped
        assert sum(audit.dropped_by_month.values()) == dropped
        assert sum(audit.dropped_by_project.values()) == dropped
        for e in audit.effects:
            assert e.exclusive <= e.marginal <= e.acts <= e.hits
            assert sum(e.by_source.values()) == sum(e.by_month.values()) == e.acts
            assert sum(e.by_project.values()) == e.acts
            bit = 1 << next(c.position for c in rules if c.rule.id == e.rule_id)
            kept = sum(g.n for g in groups if decide(g.mask & ~bit, rules, lane).keep)
            assert e.without == kept
        for e in drops:
            assert e.without == audit.total - dropped + e.exclusive
            others = [g.n for g in groups if decide(g.mask, rules, lane).dropped_by == (e.rule_id,)]
            assert e.exclusive == sum(others)


@given(rule_sets("message", ("strip", "keep")), group_lists())
def test_what_rules_strip_in_order_adds_up_to_the_messages_stripped(rules, groups):
    for lane in LANES:
        audit = message_audit(groups, rules, lane)
        stripped = sum(g.n for g in groups if strips(g.mask, rules, lane))
        total = sum(e.marginal for e in audit.effects if e.action == "strip")
        assert total == audit.dropped == stripped
        for e in audit.effects:
            bit = 1 << next(c.position for c in rules if c.rule.id == e.rule_id)
            assert e.without == sum(g.n for g in groups if not strips(g.mask & ~bit, rules, lane))


def test_a_keep_beats_a_drop_of_a_lower_priority_only():
    drop, equal = (
        compiled(0, "exchange", "drop", ["sft"], 0),
        compiled(1, "exchange", "keep", ["sft"], 0),
    )
    above = compiled(2, "exchange", "keep", ["sft"], 1)
    rules = [drop, equal, above]
    assert decide(0b011, rules, "sft").dropped_by == ("r0",)
    assert decide(0b101, rules, "sft").keep
    assert decide(0b001, rules, "routing").keep


def test_weights_multiply():
    rules = [compiled(i, "exchange", "weight", ["sft"], 0) for i in range(3)]
    assert decide(0b111, rules, "sft").weight == 0.125
