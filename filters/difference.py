"""Two rule sets in, the exchanges that they treat differently out.

Few pairs of masks stand for all exchanges: what each pair means is found out once, and only the
exchanges of those that differ are read.
"""

from dataclasses import dataclass
from typing import Any

import duckdb

from filters.compile import RuleSet
from filters.decide import Outcome, decide, join_words
from filters.run import compare, prepare


@dataclass(frozen=True)
class Difference:
    """An exchange, and what becomes of it under one rule set and under another."""

    exchange_id: str
    before: Outcome
    after: Outcome

    def plain(self) -> dict[str, Any]:
        """Return it as it is printed: keep, weight and dropped_by, each with _before and _after."""
        sides = (("before", self.before), ("after", self.after))
        return {"exchange_id": self.exchange_id} | {
            f"{name}_{side}": value
            for side, outcome in sides
            for name, value in (
                ("keep", outcome.keep),
                ("weight", outcome.weight),
                ("dropped_by", outcome.dropped_by),
            )
        }


def difference(
    con: duckdb.DuckDBPyConnection, before: RuleSet, after: RuleSet, lane: str
) -> list[Difference]:
    """Return the exchanges that two rule sets treat differently in a lane, in order."""
    prepare(con)
    compare(con, before, after)
    meant = {
        number: tuple(
            decide(join_words(mask), rules.exchange, lane)
            for mask, rules in ((one, before), (other, after))
        )
        for number, one, other in con.execute("from combinations").fetchall()
    }
    differing = [number for number, pair in meant.items() if treated_differently(*pair)]
    rows = con.execute(
        "select exchange_id, number from compared join combinations using (before, after) "
        "where number in (select unnest(?)) order by exchange_id",
        [differing],
    ).fetchall()
    return [Difference(exchange_id, *meant[number]) for exchange_id, number in rows]


def treated_differently(before: Outcome, after: Outcome) -> bool:
    """Return whether an exchange is kept by one alone, or by both with another weight."""
    return before.keep != after.keep or (after.keep and before.weight != after.weight)
