"""What people say a rule ought to hit: which to ask about, and how good the rule is by it.

Precision is the share of right ones among the judged hits. Recall cannot be read off as simply: of
what a rule does not hit only a sample is judged, so the missed ones are estimated from its share.
"""

from dataclasses import dataclass
from typing import Any

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
class Judged:
    """What people said of some of many: texts, each standing for as many rows as hold it.

    `rows`, `right_rows` and `squares` (of the rows of each text, added up) are of judged texts.
    """

    all: int = 0
    texts: int = 0
    right: int = 0
    rows: float = 0.0
    right_rows: float = 0.0
    squares: float = 0.0

    @property
    def share(self) -> tuple[float, float, float] | None:
        """Return the share of rows that are right, and its interval; None without a verdict.

        Texts were drawn, not rows, so the interval (Wilson) counts Kish's effective number of
        texts, (Σ rows)² / Σ rows².
        """
        if not self.texts:
            return None
        value, n = self.right_rows / self.rows, self.rows**2 / self.squares
        return (value, *wilson(value * n, n))


@dataclass(frozen=True)
class Score:
    """How good a rule is by what people said; shares with 95 % intervals, None without a verdict.

    `false_hits` is how many of all hits are estimated to be wrong.
    """

    rule_id: str
    hit: Judged
    other: Judged

    @property
    def precision(self) -> tuple[float, float, float] | None:
        """Return the share of hits that are right, and its interval."""
        return self.hit.share

    @property
    def false_hits(self) -> tuple[int, int, int] | None:
        """Return how many hits are wrong: the estimate, the least and the most."""
        if (p := self.precision) is None:
            return None
        value, low, high = (round((1 - x) * self.hit.all) for x in (p[0], p[2], p[1]))
        return value, low, high

    @property
    def recall(self) -> tuple[float, float, float] | None:
        """Return the share that the rule hits of what it ought to.

        Right hits are precision · hits, missed ones the share of judged others that it ought to
        hit, times all others. The interval takes both at their worst, then both at their best.
        """
        p, m = self.precision, self.other.share
        if p is None or m is None:
            return None
        pairs = ((p[0], m[0]), (p[1], m[2]), (p[2], m[1]))
        value, low, high = (self.recalled(right, missed) for right, missed in pairs)
        return value, low, high

    def recalled(self, right: float, missed: float) -> float:
        """Return the recall at a precision and a share of missed ones."""
        found, lost = right * self.hit.all, missed * self.other.all
        return found / (found + lost) if found + lost else 0.0

    def plain(self) -> dict[str, Any]:
        """Return it as JSON holds it; counts of what was judged are of texts."""
        return {
            **{"rule_id": self.rule_id, "hits": self.hit.all, "others": self.other.all},
            **{"judged_hits": self.hit.texts, "right": self.hit.right},
            **{"judged_others": self.other.texts, "missed": self.other.right},
            **{name: getattr(self, name) for name in ("precision", "recall", "false_hits")},
        }


def known_rule(rules: RuleSet, name: str) -> None:
    """Raise unless a rule is in force."""
    if name not in {c.rule.id for c in rules.rules}:
        raise AgpError(f"there is no rule {name}; `agp filters list` names them all")


def questions(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, name: str, most: int
) -> list[Question]:
    """Return what is not yet judged of a rule, hits and others in turn, the same in every call.

    Equal words are one question, and a verdict on them is one on all that hold them.
    """
    show(con, next(c.rule.on for c in rules.rules if c.rule.id == name))
    judgements(con, rules, name)
    rows = execute_file(con, "filters", "questions.sql", most=most)
    return [Question(e, m, hit, text or "") for e, m, hit, text in rows]


def show(con: duckdb.DuckDBPyConnection, on: str) -> None:
    """Make the table `shown` of all exchanges or messages and what a person sees of them."""
    execute_file(con, "filters", "shown.sql", on=on)


def judgements(con: duckdb.DuckDBPyConnection, rules: RuleSet, name: str) -> None:
    """Make the table `judgements` of a rule from `shown`; decisions must be up to date."""
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
    found = {}
    for on in ("exchange", "message"):
        names = [c.rule.id for c in rules.rules if c.rule.id in judged and c.rule.on == on]
        if names:
            show(con, on)
        for name in names:
            judgements(con, rules, name)
            sides = {row[0]: Judged(*row[1:]) for row in execute_file(con, "filters", "scores.sql")}
            found[name] = Score(name, sides.get(True, Judged()), sides.get(False, Judged()))
    return [found[c.rule.id] for c in rules.rules if c.rule.id in found]
