"""What the live pages show: each function opens the warehouse, asks, and closes it again."""

from typing import Any

from agp.lineage_words import redacted_tree
from agp.report.ask import ask
from filters.compile import RuleSet
from filters.explain import explain
from filters.samples import excerpts
from filters.secrets import Redactor, home_redactor
from warehouse.errors import AgpError
from warehouse.ids import find_exchange
from warehouse.lineage import Node, trace
from warehouse.store import open_reader

MOST = 50  # exchanges on a page
CONNECTED = 20  # of each kind in a lineage
SHOWN = 20_000  # characters of a text
FILTERS = ("rule", "author", "project", "words")


def browse(rules: RuleSet, asked: dict[str, str]) -> dict[str, Any]:
    """Return a page of exchanges under the filters asked for, and what can be chosen."""
    chosen = {name: asked.get(name, "") for name in FILTERS}
    skip = int(asked["skip"]) if asked.get("skip", "").isdecimal() else 0
    values = {**chosen, "rule_set": rules.id, "most": MOST + 1, "skip": min(skip, 10**9)}
    with open_reader() as con:
        found = ask(con, "browse", **values)
        [choices] = ask(con, "choices")
    redactor = new_redactor()
    texts = excerpts([row["begins"] or "" for row in found], redactor=redactor)
    for row, text in zip(found, texts, strict=True):
        row["begins"] = text
    return redactor.value(
        {
            "chosen": chosen,
            "rows": found[:MOST],
            "skip": skip,
            "more": len(found) > MOST,
            "choices": choices | {"rules": [c.rule.id for c in rules.rules]},
        }
    )


def exchange(rules: RuleSet, name: str) -> dict[str, Any]:
    """Return all there is to one exchange: words, calls, verdicts, labels, where it came from."""
    with open_reader() as con:
        exchange_id = find_exchange(con, name)
        judged = con.execute(
            "select 1 from decisions where rule_set = ? and exchange_id = ? and message_id is null",
            [rules.id, exchange_id],
        ).fetchall()
        if not judged:
            raise AgpError(f"no rule has looked at {exchange_id} yet; run `agp filters run`")
        found = {
            "verdicts": explain(con, rules, exchange_id),
            "lineage": trace(con, exchange_id, CONNECTED),
            **{
                key: ask(con, query, exchange_id=exchange_id)
                for key, query in (
                    ("messages", "messages"),
                    ("calls", "calls"),
                    ("labels", "exchange_labels"),
                )
            },
        }
    redactor = new_redactor()
    found["lineage"] = tree(redacted_tree(found["lineage"], redactor))
    return shortened(redactor.value(found))


def redacted(found: dict[str, Any]) -> dict[str, Any]:
    """Return values with every secret replaced."""
    return new_redactor().value(found)


def new_redactor() -> Redactor:
    """Return what replaces the secrets of one page."""
    return home_redactor()


def tree(node: Node) -> dict[str, Any]:
    """Return a lineage as plain values, a node's facts apart from its kind."""
    sides = {"came_from": node.came_from, "went_into": node.went_into}
    return {
        **{"kind": node.kind, "id": node.id, "facts": node.facts, "more": node.more},
        **{side: [tree(child) for child in children] for side, children in sides.items()},
    }


def shortened(value: Any) -> Any:
    """Return a nested value whose long texts end with how much was left out."""
    if isinstance(value, str) and len(value) > SHOWN:
        return f"{value[:SHOWN]}\n… {len(value) - SHOWN:,} more characters"
    if isinstance(value, dict):
        return {key: shortened(item) for key, item in value.items()}
    return [shortened(item) for item in value] if isinstance(value, list) else value
