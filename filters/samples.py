"""Short excerpts of what rules hit, with every secret replaced before anything is cut or shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from filters.compile import RuleSet
from filters.secrets import Redactor, home_redactor
from warehouse.printable import printable
from warehouse.statements import execute_file

WIDTH = 90  # characters of an excerpt
# Queries hand over the first 4,000 characters of a text and an excerpt is of the first half of what
# is left of them: a secret that the cut went through is not recognised, and is not shown either.
SEEN = 2_000


@dataclass(frozen=True)
class Sample:
    """One exchange or message that a rule hit."""

    rule_id: str
    exchange_id: str
    message_id: str | None
    excerpt: str


def samples(
    con: duckdb.DuckDBPyConnection,
    rules: RuleSet,
    lane: str,
    each: int,
    redactor: Redactor | None = None,
) -> list[Sample]:
    """Return up to `each` samples of every rule in a lane."""
    if each < 1:
        return []
    values = {"rule_set": rules.id, "lane": lane, "each": each}
    rows = execute_file(con, "filters", "samples.sql", **values)
    texts = excerpts([row[3] or "" for row in rows], redactor=redactor)
    return [Sample(row[0], row[1], row[2], text) for row, text in zip(rows, texts, strict=True)]


def excerpts(
    texts: Sequence[str], width: int = WIDTH, redactor: Redactor | None = None
) -> list[str]:
    """Return texts in one line each, without secrets, cut to so many characters.

    Nothing in them moves a terminal's cursor or turns its reading direction around.
    With a `redactor`, placeholders are numbered as in all else that it redacts.
    """
    redactor = redactor or home_redactor()
    redacted = redactor.texts(texts)
    return [shortened(printable(" ".join(text[:SEEN].split())), width) for text in redacted]


def shortened(text: str, width: int = WIDTH) -> str:
    """Return a text of at most so many characters.

    >>> shortened("a" * 100)[-2:], shortened("short")
    ('a…', 'short')
    """
    return text if len(text) <= width else text[: width - 1] + "…"
