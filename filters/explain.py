"""Every rule's word on one exchange, or on any text: what hit it, what beat what, and why."""

from dataclasses import asdict, dataclass
from typing import Any

import duckdb

from filters.compile import RuleSet
from filters.decide import decide, join_words
from filters.rule import LANES
from filters.samples import excerpts
from warehouse.ids import find_exchange
from warehouse.statements import execute_file


@dataclass(frozen=True)
class Verdict:
    """What becomes of an exchange in a lane."""

    lane: str
    keep: bool
    weight: float
    dropped_by: tuple[str, ...]
    flags: tuple[str, ...]


def explain(con: duckdb.DuckDBPyConnection, rules: RuleSet, name: str) -> dict[str, Any]:
    """Return an exchange's outcome in each lane, and each rule that hit it with its evidence.

    `name` is an exchange's id or the beginning of one; decisions must be up to date.
    """
    exchange_id = find_exchange(con, name)
    mask = con.execute(
        "select mask from decisions where rule_set = ? and exchange_id = ? and message_id is null",
        [rules.id, exchange_id],
    ).fetchall()
    hits = execute_file(con, "filters", "explain.sql", rule_set=rules.id, exchange_id=exchange_id)
    opener = con.execute(
        "select left(text, 4000) from v_messages where exchange_id = ? and ordinal = 0",
        [exchange_id],
    ).fetchall()
    why = {c.rule.id: c.rule.why for c in rules.rules}
    columns = ("rule", "action", "lanes", "message_id", "evidence")
    return {
        "exchange_id": exchange_id,
        "prompt": excerpts([opener[0][0] or "" if opener else ""])[0],
        "lanes": [
            asdict(Verdict(lane, o.keep, o.weight, o.dropped_by, o.flags))
            for lane in LANES
            for o in [decide(join_words(mask[0][0]), rules.exchange, lane)]
        ],
        "rules": [
            dict(zip(columns, row, strict=True)) | {"why": why.get(row[0], "")} for row in hits
        ],
    }
