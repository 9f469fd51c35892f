"""What each rule does, alone and together: exact counts from groups of equal masks.

Decisions come in as groups (mask, source, month, project, exchanges). Since every rule is evaluated
for every exchange, the numbers add up: the marginal effects of all rules are the exchanges dropped.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import duckdb

from filters.compile import Compiled, RuleSet
from filters.decide import decide, hits, join_words, strips


@dataclass(frozen=True)
class Group:
    """Exchanges or messages that hit the same rules, of one source, month and project."""

    mask: int
    source: str
    month: str
    project: str
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
    without: int = 0  # what the lane would keep if this rule did nothing (of messages: leave whole)
    by_source: Counter[str] = field(default_factory=Counter)  # acts
    by_month: Counter[str] = field(default_factory=Counter)
    by_project: Counter[str] = field(default_factory=Counter)


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
    dropped_by_project: Counter[str]


@dataclass(frozen=True)
class Meaning:
    """What a mask means in a lane: rules that hit, that act, that drop, and that decide alone."""

    hit: tuple[str, ...]
    acting: tuple[str, ...]
    dropping: tuple[str, ...]
    deciding: tuple[str, ...]  # without one of them it would be kept where it is dropped, or not


def exchange_audit(groups: Iterable[Group], rules: Sequence[Compiled], lane: str) -> Audit:
    """Add up what exchange rules do in a lane; `dropped` is what they drop together."""

    def meant(mask: int) -> Meaning:
        outcome, hit = decide(mask, rules, lane), hits(mask, rules, lane)
        others = [c.rule.id for c in hit if c.rule.action in ("keep", "weight")]
        ids = tuple(c.rule.id for c in hit)
        acting = {*outcome.dropped_by, *outcome.flags, *others}
        turned = [
            c.rule.id
            for c in hit
            if c.rule.action in ("drop", "keep")
            and decide(mask & ~(1 << c.position), rules, lane).keep != outcome.keep
        ]
        order = tuple(i for i in ids if i in acting)
        return Meaning(ids, order, outcome.dropped_by, tuple(turned))

    return added(groups, rules, lane, meant)


def message_audit(groups: Iterable[Group], rules: Sequence[Compiled], lane: str) -> Audit:
    """Add up what message rules do in a lane; `dropped` counts messages that lose any words."""

    def meant(mask: int) -> Meaning:
        hit = [c.rule for c in hits(mask, rules, lane)]
        keep = max((r.priority for r in hit if r.action == "keep"), default=None)
        acting = tuple(
            r.id for r in hit if r.action == "keep" or keep is None or r.priority >= keep
        )
        stripping = tuple(r.id for r in hit if r.action == "strip" and r.id in acting)
        whole = not strips(mask, rules, lane)
        turned = [
            c.rule.id
            for c in hits(mask, rules, lane)
            if (not strips(mask & ~(1 << c.position), rules, lane)) != whole
        ]
        return Meaning(tuple(r.id for r in hit), acting, stripping, tuple(turned))

    return added(groups, rules, lane, meant)


def added(
    groups: Iterable[Group], rules: Sequence[Compiled], lane: str, meant: Callable[[int], Meaning]
) -> Audit:
    """Add up groups; what a mask means is found out once, however many groups have it."""
    audit = empty(rules, lane)
    by_id = {e.rule_id: e for e in audit.effects}
    known: dict[int, Meaning] = {}
    turned: Counter[str] = Counter()
    for group in groups:
        if group.mask not in known:
            known[group.mask] = meant(group.mask)
        meaning = known[group.mask]
        add(audit, by_id, group, meaning)
        for rule_id in meaning.deciding:
            turned[rule_id] += group.n if meaning.dropping else -group.n
        if meaning.dropping:
            drop(audit, group, meaning.dropping)
    for effect in audit.effects:
        effect.without = audit.total - audit.dropped + turned[effect.rule_id]
    return audit


def empty(rules: Sequence[Compiled], lane: str) -> Audit:
    """Return an audit of nothing, with an effect for every rule of the lane, in order."""
    effects = [Effect(c.rule.id, c.rule.action) for c in rules if lane in c.rule.lanes]
    return Audit(lane, 0, 0, effects, {}, Counter(), Counter(), Counter())


def add(audit: Audit, by_id: dict[str, Effect], group: Group, meaning: Meaning) -> None:
    """Count a group for each rule that hit it."""
    audit.total += group.n
    for rule_id in meaning.hit:
        effect = by_id[rule_id]
        effect.hits += group.n
        if rule_id not in meaning.acting:
            continue
        peers = [r for r in meaning.acting if by_id[r].action == effect.action]
        effect.acts += group.n
        effect.exclusive += group.n if len(peers) == 1 else 0
        effect.marginal += group.n if peers[0] == rule_id else 0
        effect.by_source[group.source] += group.n
        effect.by_month[group.month] += group.n
        effect.by_project[group.project] += group.n


def drop(audit: Audit, group: Group, rules: Sequence[str]) -> None:
    """Count a group as dropped, and each pair of rules that both drop it."""
    audit.dropped += group.n
    audit.dropped_by_source[group.source] += group.n
    audit.dropped_by_month[group.month] += group.n
    audit.dropped_by_project[group.project] += group.n
    for pair in combinations(rules, 2):
        audit.overlap[pair] = audit.overlap.get(pair, 0) + group.n


GROUPS = """
select mask, source, coalesce(strftime(asked_at, '%Y-%m'), 'unknown') as month,
       coalesce(project, 'unknown') as project, count(*)
from decisions join features using (exchange_id)
where rule_set = ? and message_id is {} null group by all order by all
"""


def groups(con: duckdb.DuckDBPyConnection, rules: RuleSet, on: str) -> list[Group]:
    """Return the decisions of a rule set as groups."""
    sql = GROUPS.format("" if on == "exchange" else "not")
    rows = con.execute(sql, [rules.id]).fetchall()
    return [Group(join_words(mask), *facts) for mask, *facts in rows]
