"""Stored bytes in, parsed records out: the same objects as when their file was read."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import orjson

from lanes.sources.files import SourceFile
from lanes.sources.loose import readable_parts
from warehouse.payloads import stand_ins, stretches

if TYPE_CHECKING:
    import duckdb


def stored_files(con: "duckdb.DuckDBPyConnection") -> list[SourceFile]:
    """Return every version of every file that was ever read, in a fixed order."""
    columns = "source, path, kind, session_id, file_id"
    rows = con.execute(f"select {columns} from files order by path, version").fetchall()
    return [SourceFile(s, path, kind, of, agent_of(path), id) for s, path, kind, of, id in rows]


def agent_of(path: str) -> str | None:
    """Return the agent that a path names."""
    from lanes.sources.files import classify

    file = classify(path)
    return file.agent_id if file else None


def stored_records(
    con: "duckdb.DuckDBPyConnection", file: SourceFile
) -> Iterator[tuple[int, Any, int]]:
    """Yield (ordinal, parsed record, bytes) for the records of a file that could be read."""
    for record in stretches(con, file.file_id):
        if record.reason is None:
            plain = stand_ins(record.bytes) if record.has_payload else record.bytes
            yield record.ordinal, parsed(plain, file, record.offset == 0), len(plain)


def parsed(plain: bytes, file: SourceFile, first: bool) -> Any:
    """Parse one record that is known to be readable."""
    if file.as_text:
        return plain.decode("utf-8", "replace")
    try:
        if plain[:1] == b"{":
            return orjson.loads(plain)
    except orjson.JSONDecodeError:
        pass
    return next(readable_parts(plain, first))[2]
