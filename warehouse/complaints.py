"""What is wrong with a value that a person wrote: a pydantic error in, a line in our words out.

Pydantic speaks to programmers ("Tuple should have at least 1 item after validation, not 0").
"""

from typing import Any

from pydantic import ValidationError

WORDS = {
    "missing": "is missing",
    "extra_forbidden": "is no key that may stand there",
    "too_short": "needs at least {min_length} entries",
    "too_long": "has more than {max_length} entries",
    "string_too_short": "needs at least {min_length} characters",
    "string_too_long": "has more than {max_length} characters",
    "string_pattern_mismatch": "must match {pattern}",
    "literal_error": "must be {expected}",
    "enum": "must be {expected}",
    "greater_than": "must be above {gt:g}",
    "greater_than_equal": "must be at least {ge:g}",
    "less_than": "must be below {lt:g}",
    "less_than_equal": "must be at most {le:g}",
    "finite_number": "must be a finite number",
    "json_invalid": "is no JSON",
}
# Whatever pydantic finds wrong with a kind of value: the first part of its name for the error.
KINDS = {
    "string": "must be a text",
    "bool": "must be true or false",
    "int": "must be a whole number",
    "float": "must be a number",
    "list": "must be a list",
    "tuple": "must be a list",
    "dict": "must be a table",
    "model": "must be a table",
}


def complaint(error: ValidationError) -> str:
    """Return the first complaint, with the key that it is about and without its value.

    >>> from pydantic import BaseModel, Field
    >>> class Bed(BaseModel):
    ...     roses: tuple[int, ...] = Field(min_length=1)
    >>> def told(**values):
    ...     try:
    ...         Bed(**values)
    ...     except ValidationError as error:
    ...         print(complaint(error))
    >>> told(roses=[]), told(roses=[1, "two"]), told()
    roses needs at least one entry
    roses, entry 2, must be a whole number
    roses is missing
    (None, None, None)
    """
    first = error.errors(include_url=False, include_input=False)[0]
    where, said = place(first["loc"]), words(first)
    if first["type"] == "value_error":
        return f"{where}: {said}" if where else said
    return f"{where or 'it'} {said}"


def words(found: Any) -> str:
    """Return what pydantic says of a value, as a predicate where that is known."""
    kind = found["type"]
    if kind in WORDS:
        said = WORDS[kind].format(**found.get("ctx", {}))
        return said.replace(" 1 entries", " one entry").replace(" 1 characters", " one character")
    if (first := kind.partition("_")[0]) in KINDS:
        return KINDS[first]
    return found["msg"].removeprefix("Value error, ")


def place(loc: tuple[int | str, ...]) -> str:
    """Return where a value stands.

    >>> place(("hit", 1, "str")), place(("splits", "train"))
    ('hit, entry 2,', 'splits.train')
    """
    parts = [str(part) for part in loc if isinstance(part, str) and part != "str"]
    number = next((f", entry {part + 1}," for part in loc if isinstance(part, int)), "")
    return ".".join(parts) + number
