"""The language of expressions: node classes, functions and types that may stand in one."""

from dataclasses import dataclass

# Node class -> the keys it may carry beside class, type and location. Another key means that the
# parser saw something unusual (an alias, a FILTER, a window), so it is refused unread.
NODES: dict[str, frozenset[str]] = {
    "COLUMN_REF": frozenset({"column_names"}),
    "CONSTANT": frozenset({"literal"}),
    "CONJUNCTION": frozenset({"children"}),
    "COMPARISON": frozenset({"left", "right"}),
    "BETWEEN": frozenset({"input", "lower", "upper"}),
    "OPERATOR": frozenset({"children"}),
    "CASE": frozenset({"case_checks", "else_expr"}),
    "CAST": frozenset({"child", "try_cast", "type_expr"}),
    "FUNCTION": frozenset(
        {"function_name", "order_bys", "is_operator", "arguments", "qualified_name"}
    ),
}
EVERYWHERE = frozenset({"class", "type", "query_location", "query_location_length"})
OPERATORS = frozenset(
    {
        "COMPARE_IN",
        "COMPARE_NOT_IN",
        "OPERATOR_NOT",
        "OPERATOR_IS_NULL",
        "OPERATOR_IS_NOT_NULL",
        "OPERATOR_COALESCE",
    }
)
LITERALS = frozenset({"STRING", "INTEGER", "NUMERIC", "BOOLEAN", "NULL_LITERAL"})
TYPES = frozenset({"BOOLEAN", "INTEGER", "BIGINT", "DOUBLE", "VARCHAR", "DATE", "TIMESTAMP"})

MAX_CHARACTERS = 4_000
MAX_NESTING = 50
MAX_NODES = 400


@dataclass(frozen=True)
class Function:
    """A function of the language: how it is written, what it says, which argument is a pattern."""

    form: str
    meaning: str
    pattern: int | None = None  # this argument and all after it must be constants


FUNCTIONS: dict[str, Function] = {
    "contains": Function("contains(text, part)", "text holds part"),
    "starts_with": Function("starts_with(text, part)", "text begins with part"),
    "ends_with": Function("ends_with(text, part)", "text ends with part"),
    "regexp_matches": Function(
        "regexp_matches(text, 'pattern'[, 'i'])", "an RE2 pattern matches somewhere in text", 1
    ),
    "regexp_full_match": Function(
        "regexp_full_match(text, 'pattern'[, 'i'])", "an RE2 pattern matches the whole text", 1
    ),
    "regexp_extract": Function(
        "regexp_extract(text, 'pattern'[, group])", "what an RE2 pattern matched", 1
    ),
    "instr": Function("instr(text, part)", "where part begins in text, from 1; 0: nowhere"),
    "length": Function("length(text)", "characters of a text, or members of a list"),
    "len": Function("len(text)", "the same as length"),
    "lower": Function("lower(text)", "small letters"),
    "upper": Function("upper(text)", "capital letters"),
    "trim": Function("trim(text)", "without spaces at both ends"),
    "ltrim": Function("ltrim(text)", "without spaces at the start"),
    "rtrim": Function("rtrim(text)", "without spaces at the end"),
    "left": Function("left(text, n)", "the first n characters"),
    "right": Function("right(text, n)", "the last n characters"),
    "substring": Function("substring(text, start, n)", "n characters from start, counted from 1"),
    "list_contains": Function("list_contains(list, value)", "value is a member of list"),
    "abs": Function("abs(number)", "without its sign"),
    "round": Function("round(number, n)", "rounded to n decimals"),
    "floor": Function("floor(number)", "the next whole number below"),
    "ceil": Function("ceil(number)", "the next whole number above"),
    "greatest": Function("greatest(a, b, ...)", "the largest"),
    "least": Function("least(a, b, ...)", "the smallest"),
    "year": Function("year(time)", "year of a time"),
    "month": Function("month(time)", "month of a time, 1 to 12"),
    "day": Function("day(time)", "day of a time, 1 to 31"),
    "hour": Function("hour(time)", "hour of a time, 0 to 23 (UTC)"),
    "rule": Function("rule('id')", "another rule's verdict on the same exchange or message", 0),
}

# How the parser names operators: `like` is ~~, `ilike` is ~~*.
SYMBOLS: dict[str, int | None] = {
    **dict.fromkeys(("~~", "!~~", "~~*", "!~~*"), 1),
    **dict.fromkeys(("+", "-", "*", "/", "//", "%", "||")),
}
# What the parser calls differently from what a person wrote.
SPELLINGS = {"prefix": "starts_with", "suffix": "ends_with", "^@": "starts_with"}
OPERATOR_WORDS = (
    "and, or, not, =, <>, <, <=, >, >=, between, in (...), is null, is distinct from, like, ilike, "
    "case when ... then ... else ... end, coalesce(a, b), try_cast(a as type), "
    "||, +, -, *, /, //, %"
)
