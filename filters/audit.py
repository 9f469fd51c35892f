"""What each rule does, alone and together: exact counts from groups of equal masks.

Decisions come in as groups (mask, source, month, exchanges). Since every rule is evaluated for
every exchange, the numbers add up: the marginal effects of all rules are the exchanges dropped.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import duckdb

from filters.compile import Compiled, RuleSet
from filters.decide import Outcome, decide, hits, join_words, strips


@dataclass(frozen=True)
class Group:
    """Exchanges or messages that hit the same rules, of one source and one month."""

    mask: int
    source: str
    month: str
    n: int


@dataclass
class Effect:
    """What one rule does in one lane."""

    rule_id: str
    action: str
    hits: int = 0  # where its expression is true
    acts: int = 0  # hits that no keep of a higher priority beats
    exclusive: int = 0  # acts where no other rule of the same action acts
    marginal: int = 0  # acts where no earlier rule of the same action acts
    by_source: Counter[str] = field(default_factory=Counter)  # acts
    by_month: Counter[str] = field(default_factory=Counter)


@dataclass
class Audit:
    """The whole of a lane: totals, an effect a rule, and how often two rules hit the same."""

    lane: str
    total: int
    dropped: int
    effects: list[Effect]
    overlap: dict[tuple[str, str], int]  # of drops, or of strips
    dropped_by_source: Counter[str]
    dropped_by_month: Counter[str]


def exchange_audit(groups: Iterable[Group], rules: Sequence[Compiled], lane: str) -> Audit:
    """Add up what exchange rules do in a lane; `dropped` is what they drop together."""
    audit = empty(rules, lane)
    by_id = {e.rule_id: e for e in audit.effects}
    for group in groups:
        outcome = decide(group.mask, rules, lane)
        hit = [c.rule for c in hits(group.mask, rules, lane)]
        acting = acting_rules(outcome, [r.id for r in hit if r.action in ("keep", "weight")])
        add(audit, by_id, group, [r.id for r in hit], acting)
        if outcome.dropped_by:
            drop(audit, group, outcome.dropped_by)
    return audit


def message_audit(groups: Iterable[Group], rules: Sequence[Compiled], lane: str) -> Audit:
    """Add up what message rules do in a lane; `dropped` counts messages that lose any words."""
    audit = empty(rules, lane)
    by_id = {e.rule_id: e for e in audit.effects}
    for group in groups:
        hit = [c.rule for c in hits(group.mask, rules, lane)]
        keep = max((r.priority for r in hit if r.action == "keep"), default=None)
        acting = [r.id for r in hit if r.action == "keep" or keep is None or r.priority >= keep]
        stripping = tuple(r for r in acting if by_id[r].action == "strip")
        add(audit, by_id, group, [r.id for r in hit], acting)
        if strips(group.mask, rules, lane):
            drop(audit, group, stripping)
    return audit


def empty(rules: Sequence[Compiled], lane: str) -> Audit:
    """Return an audit of nothing, with an effect for every rule of the lane, in order."""
    effects = [Effect(c.rule.id, c.rule.action) for c in rules if lane in c.rule.lanes]
    return Audit(lane, 0, 0, effects, {}, Counter(), Counter())


def acting_rules(outcome: Outcome, others: Sequence[str]) -> list[str]:
    """Return the rules that act on an exchange: drops that are not beaten, flags, and the rest."""
    return [*outcome.dropped_by, *outcome.flags, *others]


def add(
    audit: Audit, by_id: dict[str, Effect], group: Group, hit: list[str], acting: list[str]
) -> None:
    """Count a group for each rule that hit it."""
    audit.total += group.n
    order = [rule_id for rule_id in hit if rule_id in acting]
    for rule_id in hit:
        effect = by_id[rule_id]
        effect.hits += group.n
        if rule_id not in acting:
            continue
        peers = [r for r in order if by_id[r].action == effect.action]
        effect.acts += group.n
        effect.exclusive += group.n if len(peers) == 1 else 0
        effect.marginal += group.n if peers[0] == rule_id else 0
        effect.by_source[group.source] += group.n
        effect.by_month[group.month] += group.n


def drop(audit: Audit, group: Group, rules: Sequence[str]) -> None:
    """Count a group as dropped, and each pair of rules that both drop it."""
    audit.dropped += group.n
    audit.dropped_by_source[group.source] += group.n
    audit.dropped_by_month[group.month] += group.n
    for pair in combinations(rules, 2):
        audit.overlap[pair] = audit.overlap.get(pair, 0) + group.n


GROUPS = """
select mask, source, coalesce(strftime(asked_at, '%Y-%m'), 'unknown') as month, count(*)
from decisions join features using (exchange_id)
where rule_set = ? and message_id is {} null group by all order by all
"""


def groups(con: duckdb.DuckDBPyConnection, rules: RuleSet, on: str) -> list[Group]:
    """Return the decisions of a rule set as groups."""
    sql = GROUPS.format("" if on == "exchange" else "not")
    rows = con.execute(sql, [rules.id]).fetchall()
    return [Group(join_words(mask), source, month, n) for mask, source, month, n in rows]
