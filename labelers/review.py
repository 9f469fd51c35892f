"""Verdicts of people on exchanges: which to ask about, and keeping the answers as gold."""

from dataclasses import dataclass

import duckdb

from labelers.concept import concepts
from warehouse.errors import AgpError
from warehouse.statements import execute_file


@dataclass(frozen=True)
class Question:
    """An exchange to judge for a label: its words, and the label's probability so far."""

    exchange_id: str
    label: str
    previous: str
    prompt: str
    answer: str
    probability: float | None


def questions(con: duckdb.DuckDBPyConnection, label: str, most: int) -> list[Question]:
    """Return exchanges not yet judged: half where the label is likely, half where it is open.

    The same ones come in the same order until they are judged.
    """
    known_label(label)
    execute_file(con, "labelers", "thread.sql")
    found = execute_file(con, "labelers", "questions.sql", label=label, most=most)
    return [
        Question(exchange_id, label, previous or "", prompt or "", answer or "", probability)
        for exchange_id, previous, prompt, answer, probability in found
    ]


def known_label(label: str) -> None:
    """Raise if a label is not in the vocabulary."""
    if label not in concepts():
        raise AgpError(f"there is no label {label}; `agp labels kernel` names them all")


def keep(con: duckdb.DuckDBPyConnection, exchange_id: str, label: str, holds: bool) -> None:
    """Keep a person's verdict; it takes the place of an earlier one."""
    con.execute(
        "insert or replace into reviews values (?, ?, ?, 'person', current_timestamp::timestamp)",
        [exchange_id, label, holds],
    )
