"""What people say a rule ought to hit: which to ask about, and how good the rule is by it.

Precision is the share of right ones among the judged hits. Recall cannot be read off as simply: of
what a rule does not hit only a sample is judged, so the missed ones are estimated from its share.
"""

from dataclasses import dataclass

import duckdb

from filters.compile import RuleSet
from warehouse.errors import AgpError
from warehouse.intervals import wilson
from warehouse.statements import execute_file


@dataclass(frozen=True)
class Question:
    """An exchange or a message to judge; `message_id` is empty for an exchange."""

    exchange_id: str
    message_id: str
    hit: bool
    text: str


@dataclass(frozen=True)
class Score:
    """How good a rule is by what people said; shares with 95 % intervals, None without a verdict.

    `false_hits` is how many of all hits are estimated to be wrong.
    """

    rule_id: str
    hits: int
    judged_hits: int
    right: int
    others: int
    judged_others: int
    missed: int

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """Return the share of hits that are right, and its interval (Wilson)."""
        return share(self.right, self.judged_hits)

    @property
    def false_hits(self) -> tuple[int, int, int] | None:
        """Return how many hits are wrong: the estimate, the least and the most."""
        if (p := self.precision) is None:
            return None
        value, low, high = (round((1 - x) * self.hits) for x in (p[0], p[2], p[1]))
        return value, low, high

    @property
    def recall(self) -> tuple[float, float, float] | None:
        """Return the share that the rule hits of what it ought to.

        Right hits are precision · hits, missed ones the share of judged others that it ought to
        hit, times all others. The interval takes both at their worst, then both at their best.
        """
        p, m = self.precision, share(self.missed, self.judged_others)
        if p is None or m is None:
            return None
        pairs = ((p[0], m[0]), (p[1], m[2]), (p[2], m[1]))
        value, low, high = (self.recalled(right, missed) for right, missed in pairs)
        return value, low, high

    def recalled(self, right: float, missed: float) -> float:
        """Return the recall at a precision and a share of missed ones."""
        found, lost = right * self.hits, missed * self.others
        return found / (found + lost) if found + lost else 0.0


def share(part: int, n: int) -> tuple[float, float, float] | None:
    """Return a share with its interval, None of nothing.

    >>> share(1, 2)[0], share(0, 0)
    (0.5, None)
    """
    return (part / n, *wilson(part, n)) if n else None


def known_rule(rules: RuleSet, name: str) -> None:
    """Raise unless a rule is in force."""
    if name not in {c.rule.id for c in rules.rules}:
        raise AgpError(f"there is no rule {name}; `agp filters list` names them all")


def questions(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, name: str, most: int
) -> list[Question]:
    """Return what is not yet judged of a rule, hits and others in turn, the same in every call."""
    judgements(con, rules, name)
    rows = execute_file(con, "filters", "questions.sql", most=most)
    return [Question(e, m, hit, text or "") for e, m, hit, text in rows]


def judgements(con: duckdb.DuckDBPyConnection, rules: RuleSet, name: str) -> None:
    """Make the table `judgements` of a rule; decisions must be up to date."""
    execute_file(con, "filters", "judgements.sql", rule_set=rules.id, rule=name)


def keep(con: duckdb.DuckDBPyConnection, rule: str, question: Question, holds: bool) -> None:
    """Keep a person's verdict; it takes the place of an earlier one."""
    con.execute(
        "insert or replace into rule_reviews values (?, ?, ?, ?, current_timestamp::timestamp)",
        [rule, question.exchange_id, question.message_id, holds],
    )


def scores(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> list[Score]:
    """Return the score of every rule in force that anybody judged, in order."""
    judged = {name for (name,) in con.sql("select distinct rule_id from rule_reviews").fetchall()}
    found = []
    for name in [c.rule.id for c in rules.rules if c.rule.id in judged]:
        judgements(con, rules, name)
        counts = (
            "select count(*) filter (hit), count(holds) filter (hit), count(*) filter (hit and "
            "holds), count(*) filter (not hit), count(holds) filter (not hit), "
            "count(*) filter (not hit and holds) from judgements"
        )
        found.append(Score(name, *con.sql(counts).fetchall()[0]))
    return found
