"""What a person should hear of a rule set beside its numbers: an audit in, sentences out."""

import duckdb

from filters.audit import Audit
from filters.compile import RuleSet
from filters.files import bundled
from warehouse.features import columns


def notes(con: duckdb.DuckDBPyConnection, rules: RuleSet, audit: Audit) -> list[str]:
    """Return which rules leave nothing over, and which can never hit since nothing is to be read.

    Each is a line; decisions and features are up to date.
    """
    found = [
        f"rule {e.rule_id} drops every exchange of {audit.lane}"
        for e in audit.effects
        if e.action == "drop" and e.acts == audit.total > 0
    ]
    if not found and audit.dropped == audit.total > 0:
        found.append(f"together the rules drop every exchange of {audit.lane}")
    return found + [
        f"rule {rule_id} never hits: {names} null in every exchange"
        for rule_id, names in unread(con, rules, audit).items()
    ]


def unread(con: duckdb.DuckDBPyConnection, rules: RuleSet, audit: Audit) -> dict[str, str]:
    """Return the rules without a hit that read columns which are null everywhere, and those.

    Bundled rules are for histories of all kinds, so that one of them is idle says nothing.
    """
    idle = {e.rule_id for e in audit.effects if not e.hits} if audit.total else set()
    known = columns("exchange")
    reads = {
        c.rule.id: sorted(n for n in c.expression.columns if known[n].origin != "words")
        for c in rules.exchange
        if c.rule.id in idle and c.path.parent != bundled()
    }
    names = sorted({name for group in reads.values() for name in group})
    if not names:
        return {}
    counts = ", ".join(f"count({name})" for name in names)
    [row] = con.execute(f"select {counts} from features").fetchall()
    empty = {name for name, n in zip(names, row, strict=True) if not n}
    return {
        rule_id: " and ".join(f"`{n}`" for n in group if n in empty)
        + (" is" if len(empty.intersection(group)) == 1 else " are")
        for rule_id, group in reads.items()
        if empty.intersection(group)
    }
