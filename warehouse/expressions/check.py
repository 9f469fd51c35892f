"""The first wall: an expression's tree against an allow-list of nodes, keys, columns, functions."""

import difflib
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any

from warehouse.expressions import language
from warehouse.expressions.errors import ExpressionError
from warehouse.expressions.tree import Node, canonical, parse


@dataclass(frozen=True)
class Expression:
    """A checked expression: its canonical text, the columns it reads, the rules it names."""

    text: str
    tree: Node
    columns: frozenset[str]
    rules: frozenset[str]


def check(text: str, columns: Collection[str]) -> Expression:
    """Check one expression over the given columns; raise ExpressionError where it may not run.

    >>> check("prompt_chars < 3", {"prompt_chars"}).columns
    frozenset({'prompt_chars'})
    >>> check("read_text('/etc/passwd') = ''", {"prompt"})
    Traceback (most recent call last):
    ...
    warehouse.expressions.errors.ExpressionError: the function read_text is not part of the language
    """
    return checked(parse(text), columns)


def checked(tree: Node, columns: Collection[str]) -> Expression:
    """Check a tree (one that rules were folded into, say) and write it in canonical form."""
    seen: set[str] = set()
    named: set[str] = set()
    for nodes, (node, depth) in enumerate(walk(tree), 1):
        if depth > language.MAX_NESTING:
            raise ExpressionError(f"it is nested deeper than {language.MAX_NESTING} levels")
        if nodes > language.MAX_NODES:
            raise ExpressionError(f"it has more than {language.MAX_NODES} parts")
        check_node(node, columns)
        if node["class"] == "COLUMN_REF":
            seen.add(node["column_names"][0])
        if is_rule(node):
            named.add(node["arguments"][0]["expression"]["literal"]["text"])
    return Expression(canonical(tree), tree, frozenset(seen), frozenset(named))


def is_rule(node: Node) -> bool:
    """Say whether a node names another rule's verdict."""
    return node["class"] == "FUNCTION" and node.get("function_name") == "rule"


def walk(tree: Node, depth: int = 1) -> Iterator[tuple[Node, int]]:
    """Yield every expression of a tree with its depth; anything else in it is refused."""
    stack: list[tuple[Any, int]] = [(tree, depth)]
    while stack:
        node, depth = stack.pop()
        if not isinstance(node, dict) or "class" not in node:
            raise ExpressionError("it holds something that is no expression")
        yield node, depth
        stack += [(child, depth + 1) for child in children(node)]


def children(node: Node) -> list[Any]:
    """Return the expressions directly below a node whose keys are checked."""
    below = [node[k] for k in ("left", "right", "input", "lower", "upper", "child") if k in node]
    below += node.get("children", [])
    for case in node.get("case_checks", []):
        below += [case["when_expr"], case["then_expr"]]
    if "else_expr" in node:
        below.append(node["else_expr"])
    return below + [argument["expression"] for argument in node.get("arguments", [])]


def check_node(node: Node, columns: Collection[str]) -> None:
    """Check one node: its class, its keys, and what its class demands."""
    kind = node["class"]
    at = node.get("query_location", 7) - 7
    allowed = language.NODES.get(kind)
    if allowed is None:
        word = kind.lower().replace("_", " ")
        raise ExpressionError(f"a {word} is not part of the language", column=at)
    strange = node.keys() - allowed - language.EVERYWHERE
    if strange:
        word = sorted(strange)[0].replace("_", " ")
        raise ExpressionError(f"{kind.lower()} with {word} is not part of the language", column=at)
    if kind == "COLUMN_REF":
        check_column(node["column_names"], columns, at)
    elif kind == "OPERATOR" and node["type"] not in language.OPERATORS:
        word = node["type"].removeprefix("OPERATOR_").lower().replace("_", " ")
        raise ExpressionError(f"the operator {word} is not part of the language", column=at)
    elif kind == "CONSTANT":
        check_constant(node["literal"], at)
    elif kind == "CASE" and any(
        c.keys() != {"when_expr", "then_expr"} for c in node["case_checks"]
    ):
        raise ExpressionError("this form of case is not part of the language", column=at)
    elif kind == "CAST":
        check_cast(node, at)
    elif kind == "FUNCTION":
        check_function(node, at)


def check_column(names: list[str], columns: Collection[str], at: int) -> None:
    """Check that a column is documented; suggest the nearest that is."""
    name = ".".join(names)
    if len(names) == 1 and name in columns:
        return
    near = difflib.get_close_matches(name, columns, n=1, cutoff=0.5)
    hint = f"; did you mean {near[0]}?" if near else "; `agp filters columns` names them all"
    raise ExpressionError(f"there is no column {name}{hint}", column=at)


def check_constant(literal: Node, at: int) -> None:
    """Check a literal: text, number, truth value or null."""
    if literal.keys() - {"kind", "text"} or literal.get("kind") not in language.LITERALS:
        raise ExpressionError("this kind of constant is not part of the language", column=at)
    if any(not c.isprintable() and c not in "\n\t\r" for c in literal.get("text", "")):
        raise ExpressionError("a constant holds an invisible character", column=at)


def check_cast(node: Node, at: int) -> None:
    """Check that a cast goes to a plain type of the language."""
    target = node["type_expr"]
    name = str(target.get("type_name", "")).upper()
    strange = target.keys() - language.EVERYWHERE - {"type_name", "qualified_name"}
    path = target.get("qualified_name", {}).get("path", [])
    if strange or len(path) != 1 or name not in language.TYPES or target.get("class") != "TYPE":
        known = ", ".join(sorted(language.TYPES))
        raise ExpressionError(f"a cast goes to one of {known}", column=at)


def check_function(node: Node, at: int) -> None:
    """Check a function or operator: known, unqualified, with constant patterns."""
    name = node["function_name"]
    arguments = node.get("arguments", [])
    if node.get("qualified_name", {}).keys() != {"path"} or node["qualified_name"]["path"] != [
        name
    ]:
        raise ExpressionError("qualified and method calls are not part of the language", column=at)
    if node.get("order_bys") != {"type": "ORDER_MODIFIER"}:
        raise ExpressionError("ORDER BY is not part of the language", column=at)
    if any(a.keys() != {"expression"} for a in arguments):
        raise ExpressionError("named arguments are not part of the language", column=at)
    spelled = language.SPELLINGS.get(name, name)
    if spelled in language.FUNCTIONS:
        pattern = language.FUNCTIONS[spelled].pattern
    elif node.get("is_operator") and name in language.SYMBOLS:
        pattern = language.SYMBOLS[name]
    else:
        near = difflib.get_close_matches(name, language.FUNCTIONS, n=1, cutoff=0.75)
        hint = f"; did you mean {near[0]}?" if near else ""
        raise ExpressionError(f"the function {name} is not part of the language{hint}", column=at)
    constants = [a["expression"].get("literal", {}) for a in arguments]
    if pattern is not None and any("text" not in c for c in constants[pattern:]):
        raise ExpressionError(f"the pattern of {name} must be a constant", column=at)
    if name == "rule" and (len(constants) != 1 or constants[0].get("kind") != "STRING"):
        raise ExpressionError("it is written rule('id')", column=at)
