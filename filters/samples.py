"""Short excerpts of what rules hit, with every secret replaced before anything is cut or shown."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from filters.compile import RuleSet
from filters.run import execute_file
from filters.secrets import Redactor
from filters.secrets.home import home_salt

WIDTH = 90  # characters of an excerpt


@dataclass(frozen=True)
class Sample:
    """One exchange or message that a rule hit."""

    rule_id: str
    exchange_id: str
    message_id: str | None
    excerpt: str


def samples(con: duckdb.DuckDBPyConnection, rules: RuleSet, lane: str, each: int) -> list[Sample]:
    """Return up to `each` samples of every rule in a lane."""
    values = {"rule_set": rules.id, "lane": lane, "each": each}
    rows = execute_file(con, "samples.sql", **values)
    texts = excerpts([row[3] or "" for row in rows])
    return [Sample(row[0], row[1], row[2], text) for row, text in zip(rows, texts, strict=True)]


def excerpts(texts: Sequence[str]) -> list[str]:
    """Return texts in one line each, without secrets, cut to WIDTH characters."""
    redacted = Redactor(home_salt()).texts(texts)
    return [shortened(" ".join(text.split())) for text in redacted]


def shortened(text: str) -> str:
    """Return a text of at most WIDTH characters.

    >>> shortened("a" * 100)[-2:], shortened("short")
    ('a…', 'short')
    """
    return text if len(text) <= WIDTH else text[: WIDTH - 1] + "…"
