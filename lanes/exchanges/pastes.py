"""Pasted texts that a history names by their hash: put where their numbers stand."""

from typing import Any

import pyarrow as pa

from lanes.exchanges.structure import query
from lanes.sources.logs.history import filled

COLUMNS = ("file_id", "record_ordinal", "message_id", "text")


def fill_pastes(con: Any) -> None:
    """Complete prompts of the sessions in `touched`: once, when all that one names is known."""
    found = []
    for *place, text, bodies in con.execute(query("pastes")).fetchall():
        whole = filled(text, bodies)
        if whole is not None:
            found.append((*place, whole))
    if not found:
        return
    columns = dict(zip(COLUMNS, zip(*found, strict=True), strict=True))
    con.register("new_pastes", pa.table({name: list(values) for name, values in columns.items()}))
    con.execute(query("write_pastes"))
    con.unregister("new_pastes")
