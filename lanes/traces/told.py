"""What a session's files say: messages in order, tool calls with results, tokens."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb

from lanes.traces.choose import Session
from warehouse.statements import statement

Record = dict[str, Any]
Place = tuple[str, int]  # file_id, record_ordinal


@dataclass
class Told:
    """All that a session's files say: messages in order, tool calls and tokens by record."""

    messages: list[Record]
    calls: Mapping[Place, list[Record]]
    usage: Mapping[Place, Record]


def read_session(con: duckdb.DuckDBPyConnection, session: Session, files: Sequence[str]) -> Told:
    """Read what the files of a session say."""
    values = {"files": list(files)}

    def ask(name: str, **more: str) -> list[Record]:
        query = statement("lanes.traces", name)
        return con.sql(query, params=values | more).to_arrow_table().to_pylist()

    calls: dict[Place, list[Record]] = defaultdict(list)
    for call in ask("calls.sql"):
        calls[place(call)].append(call)
    usage = {place(line): line for line in ask("usage.sql")}
    return Told(ask("messages.sql", session=session.id), calls, usage)


def place(record: Record) -> Place:
    """Return the key of a record."""
    return record["file_id"], record["record_ordinal"]
