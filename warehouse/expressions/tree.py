"""Text to tree and back, by DuckDB's own parser, which neither binds nor runs anything."""

import json
from functools import cache
from typing import Any

import duckdb

from warehouse.expressions.errors import ExpressionError
from warehouse.expressions.language import MAX_CHARACTERS, MAX_NESTING

Node = dict[str, Any]
# What a SELECT of nothing but expressions carries; a WHERE or a LIMIT would be one more key.
STATEMENT_KEYS = frozenset({"type", "cte_map", "select_list", "from_table", "aggregate_handling"})
SERIALIZE = (
    "select json_serialize_sql(?, skip_null := true, skip_empty := true, skip_default := true)"
)


@cache
def parser() -> duckdb.DuckDBPyConnection:
    """Return the connection that parses: empty, in memory, with no way out."""
    con = duckdb.connect(":memory:", config={"threads": 1, "enable_external_access": False})
    con.execute("set lock_configuration = true")
    return con


def parse(text: str) -> Node:
    """Return the tree of one expression."""
    refuse_unreadable(text)
    try:
        nodes = parse_select(f"SELECT ({text}) FROM t", 8)
    except ExpressionError as error:
        raise in_own_words(text, error) from None
    if len(nodes) != 1:
        raise ExpressionError("it must be one expression, and this is a list")
    return nodes[0]


def parse_select(sql: str, offset: int = 0) -> list[Node]:
    """Return the select list of `SELECT ... FROM t`, which may hold nothing else."""
    row = parser().cursor().execute(SERIALIZE, [sql]).fetchone()
    try:
        answer: Node = json.loads(row[0] if row else '{"error": true}')
    except RecursionError:
        raise ExpressionError(f"it is nested deeper than {MAX_NESTING} levels") from None
    if answer.get("error"):
        raise syntax_error(answer, offset)
    statements = answer["statements"]
    node = statements[0]["node"]
    table = without_locations(node.get("from_table"))
    plain = {"type": "BASE_TABLE", "table_name": "t", "qualified_name": {"path": ["t"]}}
    if (
        len(statements) != 1
        or statements[0].keys() - {"node"}
        or node["type"] != "SELECT_NODE"
        or node.keys() - STATEMENT_KEYS
        or node.get("cte_map")
        or node.get("aggregate_handling") != "STANDARD_HANDLING"
        or table != plain
    ):
        raise ExpressionError("it must be one expression, without clauses around it")
    return node["select_list"]


def syntax_error(answer: Node, offset: int) -> ExpressionError:
    """Return the parser's complaint, with the column counted in the expression itself."""
    message = str(answer.get("error_message", "cannot be parsed")).splitlines()[0]
    if message.startswith("Max expression depth"):
        message = f"it is nested deeper than {MAX_NESTING} levels"
    position = answer.get("position")
    column = max(int(position) - offset, 0) + 1 if position else None
    return ExpressionError(message, column=column)


def in_own_words(text: str, error: ExpressionError) -> ExpressionError:
    """Return an error that speaks of the expression alone: what stands around it is ours.

    >>> in_own_words("foo((", ExpressionError('syntax error at or near "FROM"', column=8)).reason
    'it ends too early: 2 brackets are not closed'
    """
    if error.reason.startswith("unterminated"):
        return ExpressionError("a quote in it is not closed", column=error.column)
    data = text.encode()
    if error.column is None or error.column <= len(data):
        return ExpressionError(error.reason.replace(') FROM t"', '"'), column=error.column)
    marks = [data[i : i + 1] for i, k in duckdb.tokenize(text) if k == duckdb.token_type.operator]
    missing = marks.count(b"(") - marks.count(b")")
    reasons = {
        -1: "a bracket in it is closed that was not opened",
        0: "it ends too early",
        1: "it ends too early: a bracket is not closed",
    }
    many = f"it ends too early: {missing} brackets are not closed"
    return ExpressionError(reasons.get(max(missing, -1), many), column=len(text))


def refuse_unreadable(text: str) -> None:
    """Refuse what a reader of the file could not see or follow, before any parser runs."""
    if len(text) > MAX_CHARACTERS:
        raise ExpressionError(f"it has {len(text):,} characters; {MAX_CHARACTERS:,} are allowed")
    if not text.strip():
        raise ExpressionError("it is empty")
    for i, c in enumerate(text):
        if not c.isprintable() and c not in "\n\t":
            raise ExpressionError(f"it holds the invisible character U+{ord(c):04X}", column=i + 1)
    depth = 0
    for i, kind in duckdb.tokenize(text):
        if kind == duckdb.token_type.comment:
            raise ExpressionError("comments are not allowed in it; use `why`", column=i + 1)
        byte = text.encode()[i : i + 1] if not text.isascii() else text[i : i + 1].encode()
        depth += (byte in (b"(", b"[", b"{")) - (byte in (b")", b"]", b"}"))
        if depth > MAX_NESTING:
            raise ExpressionError(f"it is nested deeper than {MAX_NESTING} levels", column=i + 1)


def without_locations(node: Any) -> Any:
    """Return a tree without the places in the text, so that two can be compared."""
    if isinstance(node, dict):
        return {k: without_locations(v) for k, v in node.items() if "query_location" not in k}
    return [without_locations(v) for v in node] if isinstance(node, list) else node


def canonical(tree: Node) -> str:
    """Return the one text of a tree: spaces, brackets and spellings no longer differ.

    >>> canonical(parse("author='person'  AND NOT(tool_calls>0)"))
    "((author = 'person') AND (NOT (tool_calls > 0)))"
    """
    head, tail = "SELECT ", " FROM t"
    sql = select_text([tree])
    if not (sql.startswith(head) and sql.endswith(tail)):
        raise ExpressionError("it cannot be written back")
    text = sql[len(head) : -len(tail)]
    if without_locations(parse_select(f"SELECT ({text}) FROM t")) != without_locations([tree]):
        raise ExpressionError("it does not mean the same when it is written back")
    return text


def select_text(nodes: list[Node]) -> str:
    """Return the SQL of `SELECT nodes FROM t`."""
    select = {
        "type": "SELECT_NODE",
        "cte_map": {},
        "select_list": nodes,
        "from_table": {
            "type": "BASE_TABLE",
            "table_name": "t",
            "qualified_name": {"path": ["t"]},
        },
        "aggregate_handling": "STANDARD_HANDLING",
    }
    document = json.dumps({"error": False, "statements": [{"node": select}]})
    row = parser().cursor().execute("select json_deserialize_sql(?)", [document]).fetchone()
    return row[0] if row else ""
