"""What a person should hear of a rule set beside its numbers: an audit in, sentences out."""

import duckdb

from filters.audit import Audit
from filters.compile import RuleSet
from filters.files import bundled
from warehouse.features import columns

NOTHING = "the warehouse holds no exchange yet; `agp ingest` brings history in"


def notes(con: duckdb.DuckDBPyConnection, rules: RuleSet, audit: Audit) -> list[str]:
    """Return which rules leave nothing over, and which can never hit since nothing is to be read.

    Each is a line; decisions and features are up to date.
    """
    if not audit.total:
        return [NOTHING]
    found = [
        f"rule {e.rule_id} drops every exchange of {audit.lane}"
        for e in audit.effects
        if e.action == "drop" and e.acts == audit.total > 0
    ]
    if not found and audit.dropped == audit.total > 0:
        found.append(f"together the rules drop every exchange of {audit.lane}")
    idle = unread(con, rules, audit)
    own = {c.rule.id for c in rules.exchange if c.path.parent != bundled()}
    found += [f"rule {i} never hits: {idle[i]} null in every exchange" for i in idle if i in own]
    usual = ", ".join(f"{i} ({idle[i]} null everywhere)" for i in idle if i not in own)
    # These are for histories of all kinds: that one has nothing to read is no mistake of theirs.
    return found + ([f"bundled rules with nothing to read here: {usual}"] if usual else [])


def unread(con: duckdb.DuckDBPyConnection, rules: RuleSet, audit: Audit) -> dict[str, str]:
    """Return the rules without a hit that read columns which are null everywhere, and those."""
    idle = {e.rule_id for e in audit.effects if not e.hits} if audit.total else set()
    known = columns("exchange")
    reads = {
        c.rule.id: sorted(n for n in c.expression.columns if known[n].origin != "words")
        for c in rules.exchange
        if c.rule.id in idle
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
