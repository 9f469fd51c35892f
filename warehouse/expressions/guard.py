"""An expression rewritten so that its costly half runs only where its cheap half is true.

DuckDB evaluates both sides of an `and` in a SELECT for every row, but a branch of a CASE only where
that branch is taken: a pattern behind `contains(...)` then reads a few texts instead of all.
"""

from warehouse.expressions.check import walk
from warehouse.expressions.tree import Node

COSTLY = frozenset(
    ("lower", "upper", "trim", "ltrim", "rtrim", "instr", "~~*")  # the last is ilike
) | {"regexp_matches", "regexp_full_match", "regexp_extract"}


def guarded(tree: Node) -> Node:
    """Return a tree that is true for the same rows: `a and pattern` as a CASE, others as they are.

    >>> from warehouse.expressions.tree import canonical, parse
    >>> canonical(guarded(parse("regexp_matches(prompt, 'a+') and edits > 0")))
    "CASE  WHEN ((edits > 0)) THEN (regexp_matches(prompt, 'a+')) ELSE false END"
    >>> canonical(guarded(parse("edits > 0 and tool_calls > 0")))
    '((edits > 0) AND (tool_calls > 0))'
    """
    if tree.get("type") != "CONJUNCTION_AND":
        return tree
    cheap = [part for part in tree["children"] if not is_costly(part)]
    costly = [part for part in tree["children"] if is_costly(part)]
    if not (cheap and costly):
        return tree
    no = {"class": "CONSTANT", "type": "VALUE_CONSTANT"}
    no |= {"literal": {"kind": "BOOLEAN", "text": "false"}}
    branch = {"when_expr": together(tree, cheap), "then_expr": together(tree, costly)}
    return {"class": "CASE", "type": "CASE_EXPR", "case_checks": [branch], "else_expr": no}


def together(tree: Node, parts: list[Node]) -> Node:
    """Return the parts of an `and` as one expression."""
    return parts[0] if len(parts) == 1 else tree | {"children": parts}


def is_costly(tree: Node) -> bool:
    """Say whether an expression reads whole texts in a slow way somewhere."""
    return any(node.get("function_name") in COSTLY for node, _ in walk(tree))
