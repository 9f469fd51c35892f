"""The agent's own JSONL: stored records in, the same without secrets out, a line a record."""

from collections.abc import Iterator
from itertools import islice
from typing import Any

import duckdb
import orjson

from filters.secrets import Redactor
from lanes.ingest.stored import stored_records
from lanes.sources.files import SourceFile

BATCH = 200  # records that are redacted together
LEFT_OUT = "[image left out: nothing looks for secrets in pictures]"
PICTURES = ("image", "document")


def lines(
    con: duckdb.DuckDBPyConnection, file: SourceFile, session_id: str, redactor: Redactor
) -> Iterator[bytes]:
    """Yield the lines of a session's transcript; what could not be read is left out.

    A file that is not named after the session may hold others, which nobody asked for.
    """
    found = (
        without_pictures(record)
        for _, record, _ in stored_records(con, file)
        if file.session_id == session_id or record.get("sessionId") in (None, session_id)
    )
    while batch := list(islice(found, BATCH)):
        for record in redactor.value(batch):
            yield orjson.dumps(record) + b"\n"


def whole(con: duckdb.DuckDBPyConnection, file: SourceFile, redactor: Redactor) -> bytes:
    """Return a file that is one record: tool output as text, metadata as JSON."""
    found = "".join(
        record if isinstance(record, str) else orjson.dumps(without_pictures(record)).decode()
        for _, record, _ in stored_records(con, file)
    )
    return redactor.text(found).encode("utf-8", "replace")


def without_pictures(value: Any) -> Any:
    """Return a record with a line of text for every picture, and without thinking's signatures.

    A signature is a provider's seal on words that may have been changed here.

    >>> without_pictures([{"type": "image", "source": {"type": "base64", "data": "iVBO"}}])
    [{'type': 'text', 'text': '[image left out: nothing looks for secrets in pictures]'}]
    >>> without_pictures({"file": {"base64": "iVBO"}, "signature": "Er0B", "type": "thinking"})
    {'file': {'base64': ''}, 'signature': '', 'type': 'thinking'}
    """
    if isinstance(value, list):
        return [without_pictures(item) for item in value]
    if not isinstance(value, dict):
        return value
    if value.get("type") in PICTURES and isinstance(value.get("source"), dict):
        return {"type": "text", "text": LEFT_OUT}
    return {
        key: "" if key in ("base64", "signature") and isinstance(item, str)
        else without_pictures(item)
        for key, item in value.items()
    }  # fmt: skip
