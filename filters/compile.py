"""Rules to a rule set: checked, other rules folded in, hashed, ready for one pass."""

import copy
import difflib
import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import orjson

from filters.files import Placed, bundled, load
from filters.rule import Rule
from warehouse.errors import AgpError
from warehouse.expressions import Expression, ExpressionError, check
from warehouse.expressions.check import checked, is_rule
from warehouse.features import columns


@dataclass(frozen=True)
class Compiled:
    """A rule with its checked expression; `position` is its bit among rules of its kind."""

    rule: Rule
    path: Path
    position: int
    expression: Expression


@dataclass(frozen=True)
class RuleSet:
    """All rules in force, in order. Two sets of one id decide alike, whatever their files say."""

    id: str
    exchange: tuple[Compiled, ...]
    message: tuple[Compiled, ...]

    @property
    def rules(self) -> tuple[Compiled, ...]:
        """Return all rules, those on exchanges first."""
        return self.exchange + self.message


def rule_set(folder: Path | None = None) -> RuleSet:
    """Return the rule set of a folder, or the bundled one with the user's own rules over it."""
    return compile_rules(load(folder))


def named_set(name: str) -> RuleSet:
    """Return the rule set called `bundled` or `mine`, or that of a folder."""
    if name == "mine":
        return rule_set()
    return rule_set(bundled() if name == "bundled" else Path(name))


def compile_rules(placed: Sequence[Placed]) -> RuleSet:
    """Check every rule and fold named verdicts in."""
    own = {p.rule.id: checked_alone(p) for p in placed}
    by_id = {p.rule.id: p for p in placed}
    kinds: dict[str, list[Compiled]] = {"exchange": [], "message": []}
    for p in placed:
        tree = fold(p.rule.id, own, by_id, ())
        known = columns(p.rule.on)
        try:
            expression = checked(tree, known) if own[p.rule.id].rules else own[p.rule.id]
        except ExpressionError as error:
            raise located(p, error, "with the rules it names folded in, ") from None
        kind = kinds[p.rule.on]
        kind.append(Compiled(p.rule, p.path, len(kind), expression))
    return RuleSet(digest(kinds), tuple(kinds["exchange"]), tuple(kinds["message"]))


def checked_alone(p: Placed) -> Expression:
    """Check one rule's own expression."""
    try:
        own = check(p.rule.where, columns(p.rule.on))
        if p.rule.span is None:
            return own
        # A span rule hits where its span does, so both walls stand before the pattern too.
        pattern = p.rule.span.replace("'", "''")
        matches = f"regexp_matches(text, '{pattern}')"
        return check(f"case when {own.text} then {matches} else false end", columns("message"))
    except ExpressionError as error:
        raise located(p, error) from None


def located(p: Placed, error: ExpressionError, prefix: str = "") -> AgpError:
    """Return an expression's error with file, rule and column."""
    at = f" (column {error.column} of `where`)" if error.column else ""
    return AgpError(f"{p.path}: rule {p.rule.id}: {prefix}{error.reason}{at}")


def fold(
    name: str, own: dict[str, Expression], by_id: dict[str, Placed], above: tuple[str, ...]
) -> dict[str, Any]:
    """Return a rule's tree with each rule('id') replaced by that rule's own, folded tree."""
    if name in above:
        raise AgpError(
            f"{by_id[name].path}: rules name each other in a ring: "
            + " → ".join((*above[above.index(name) :], name))
        )
    tree = copy.deepcopy(own[name].tree)
    for other in own[name].rules:
        here = by_id[above[-1] if above else name]
        if other not in by_id:
            near = difflib.get_close_matches(other, by_id, n=1)
            hint = f"; did you mean {near[0]}?" if near else ""
            raise AgpError(f"{here.path}: rule {name}: there is no rule {other}{hint}")
        if by_id[other].rule.on != by_id[name].rule.on:
            raise AgpError(f"{here.path}: rule {name}: {other} is not on {by_id[name].rule.on}s")
    return replaced(tree, {o: fold(o, own, by_id, (*above, name)) for o in own[name].rules})


def replaced(node: Any, verdicts: dict[str, dict[str, Any]]) -> Any:
    """Return a tree where rule('id') is coalesce(<its tree>, false)."""
    if isinstance(node, list):
        return [replaced(child, verdicts) for child in node]
    if not isinstance(node, dict):
        return node
    if "class" in node and is_rule(node):
        name = node["arguments"][0]["expression"]["literal"]["text"]
        no = {
            "class": "CONSTANT",
            "type": "VALUE_CONSTANT",
            "literal": {"kind": "BOOLEAN", "text": "false"},
        }
        return {
            "class": "OPERATOR",
            "type": "OPERATOR_COALESCE",
            "children": [copy.deepcopy(verdicts[name]), no],
        }
    return {key: replaced(child, verdicts) for key, child in node.items()}


def digest(kinds: dict[str, list[Compiled]]) -> str:
    """Return the hash of all that decides: not of why, examples, file names or spaces."""
    facts = [
        [
            c.rule.id,
            c.rule.on,
            c.rule.action,
            sorted(c.rule.lanes),
            c.rule.weight,
            c.rule.span,
            c.rule.priority,
            c.expression.text,
        ]
        for kind in kinds.values()
        for c in kind
    ]
    return hashlib.blake2b(orjson.dumps(facts), digest_size=8).hexdigest()
