"""What the report says: an open warehouse comes in, its sections as plain values go out.

`page` walks every string of what comes out, and replaces the secrets in it, before it is drawn.
"""

from collections import Counter
from pathlib import Path
from typing import Any

import duckdb

from agp.report.ask import ask
from agp.report.runs import layer_maps, runs
from filters.audit import Audit, exchange_audit, groups, message_audit
from filters.compile import RuleSet
from filters.decide import decide, join_words
from filters.rule import LANES
from filters.samples import excerpts, samples
from filters.secrets import Redactor
from filters.secrets.history import survey
from warehouse.status import status

SAMPLES = 3  # of each rule
QUERIES = (
    *("months", "sources", "clusters", "templates", "quarantine", "labels", "builds", "all_builds"),
    *("gates", "packets", "promotions", "pasted"),
)


def gather(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, path: Path, redactor: Redactor
) -> dict[str, Any]:
    """Return every section; decisions of `rules` are up to date, `path` is the file's.

    Only what is cut short is redacted by `redactor` here, before it is cut. Secrets by kind were
    looked for before, when the warehouse was closed; here they are counted.
    """
    known = status(con, path)
    found = {
        "warehouse": {k: known[k] for k in ("warehouse", "bytes_stored", "bytes_read")},
        "rule_set": rules.id,
        "records": ask(con, "records"),
        "outcomes": outcomes(con, rules),
        "lanes": [audited(con, rules, lane, redactor) for lane in LANES],
        "findings": survey(con).rows(),
        "runs": runs(con),
        "layer_maps": layer_maps(con),
        **{name: ask(con, name) for name in QUERIES},
    }
    begun = [*found["templates"], *found["pasted"]]
    texts = excerpts([row["begins"] or "" for row in begun], redactor=redactor)
    for row, text in zip(begun, texts, strict=True):
        row["begins"] = text
    return found


def outcomes(con: duckdb.DuckDBPyConnection, rules: RuleSet) -> list[dict[str, Any]]:
    """Return how many exchanges of a source and an author go to which lanes: each counts once."""
    counted: Counter[tuple[str, str, str]] = Counter()
    for row in ask(con, "outcomes", rule_set=rules.id):
        mask = join_words(row["mask"])
        kept = [lane for lane in LANES if decide(mask, rules.exchange, lane).keep]
        counted[row["source"], row["author"], lanes_of(kept)] += row["n"]
    return [
        {"source": source, "author": author, "lanes": lanes, "n": n}
        for (source, author, lanes), n in counted.most_common()
    ]


def lanes_of(lanes: list[str]) -> str:
    """Return lanes as a place in a chart.

    >>> lanes_of(["sft", "routing"]), lanes_of([])
    ('sft, routing', 'left out')
    """
    return ", ".join(lanes) or "left out"


def audited(
    con: duckdb.DuckDBPyConnection, rules: RuleSet, lane: str, redactor: Redactor
) -> dict[str, Any]:
    """Return a lane's audit: totals, a row a rule with its samples, and what rules share."""
    exchanges = exchange_audit(groups(con, rules, "exchange"), rules.exchange, lane)
    messages = message_audit(groups(con, rules, "message"), rules.message, lane)
    shown: dict[str, list[dict[str, str]]] = {}
    for sample in samples(con, rules, lane, SAMPLES, redactor):
        shown.setdefault(sample.rule_id, []).append(
            {"id": sample.exchange_id, "text": sample.excerpt}
        )
    why = {c.rule.id: (c.rule.why, c.rule.where) for c in rules.rules}
    rows = [
        {
            **{k: getattr(e, k) for k in ("rule_id", "action", "hits", "acts", "exclusive")},
            "marginal": e.marginal,
            "on": on,
            "why": why[e.rule_id][0],
            "where": why[e.rule_id][1],
            "samples": shown.get(e.rule_id, []),
        }
        for on, audit in (("exchange", exchanges), ("message", messages))
        for e in audit.effects
    ]
    return {
        **{"lane": lane, "total": exchanges.total, "dropped": exchanges.dropped},
        "stripped": messages.dropped,
        "rules": rows,
        "overlap": [*pairs(exchanges), *pairs(messages)],
        "months": sorted(exchanges.dropped_by_month.items()),
    }


def pairs(audit: Audit) -> list[dict[str, Any]]:
    """Return how often two rules act on the same, as rows."""
    return [{"a": a, "b": b, "n": n} for (a, b), n in sorted(audit.overlap.items())]
