"""Memories before a row's first prompt: what an exchange could have remembered in, the row out."""

from collections import defaultdict
from datetime import datetime
from importlib.resources import files
from typing import Any, NamedTuple

import duckdb

from lanes.chat import MARGIN, cut_middle
from lanes.lane import Row, Work

HEAD = "What I remember of earlier work:"


class Memory(NamedTuple):
    """A memory that precedes an exchange."""

    memory_id: str
    created_at: datetime
    phase: str | None
    text: str


def remembered(con: duckdb.DuckDBPyConnection, most: int) -> dict[str, list[Memory]]:
    """Return the memories of each exchange of the plan, oldest first; none, where there are none.

    None of them was written or changed after the exchange was asked, none says what the exchange
    itself says, and none comes from a session of another split.
    """
    if not most or not con.execute("select 1 from memories limit 1").fetchall():
        return {}
    from lanes.memories.linked import link
    from lanes.memories.settings import memory_settings

    run(con, "grounding_asked.sql")
    link(con, memory_settings().linked.model_copy(update={"most": most}), unchanged=True)
    found: dict[str, list[Memory]] = defaultdict(list)
    for exchange_id, *memory in run(con, "grounding.sql"):
        found[exchange_id].append(Memory(*memory))
    return dict(found)


def run(con: duckdb.DuckDBPyConnection, name: str) -> list[Any]:
    """Run the statements of a file and return the rows of the last."""
    text = (files("lanes") / name).read_text(encoding="utf-8")
    rows: list[Any] = []
    for statement in duckdb.extract_statements(text):
        rows = con.execute(statement).fetchall()
    return rows


def grounded(row: Row, memories: list[Memory], work: Work) -> Row:
    """Put memories before the first prompt of a row, as far as the row has room for them."""
    limit = work.settings.memory_chars
    room = work.settings.max_chars - row.counts["chars"] - len(HEAD)
    # A secret at a cut is whole when it is looked for; after that the text is cut to length.
    texts = work.redactor.value([cut_middle(m.text, 2 * (limit + MARGIN)) for m in memories])
    lines: list[tuple[str, str]] = []
    for memory, text in zip(memories, texts, strict=True):
        line = f"- {said(memory)}: {cut_middle(' '.join(text.split()), limit)}"
        if len(line) + 1 <= room:
            room -= len(line) + 1
            lines.append((memory.memory_id, line))
    if lines:
        first = row.data["messages"][0]
        before = "\n".join([HEAD, *(line for _, line in lines)])
        row.data["messages"][0] = first | {"content": f"{before}\n\n{first['content']}"}
        row.data |= {"grounded_in": "memories", "memory_ids": [name for name, _ in lines]}
        row.counts["chars"] += len(before) + 2
        row.counts["memories"] += len(lines)
    return row


def said(memory: Memory) -> str:
    """Return when a memory was written and in which phase of work.

    >>> said(Memory("m", datetime(2026, 1, 5, 10), "debugging", "x"))
    '2026-01-05, debugging'
    """
    return ", ".join(filter(None, [f"{memory.created_at:%Y-%m-%d}", memory.phase]))
