"""Claude Code's records in, rows of the normal layer out: one at a time, nothing carried over."""

from collections.abc import Callable, Iterable
from pathlib import PurePath
from typing import Any, Protocol

from lanes.sources.claude.blocks import string
from lanes.sources.claude.bookkeeping import add_context, add_metadata, add_other
from lanes.sources.claude.messages import add_assistant, add_user
from lanes.sources.claude.side_records import add_attachment, add_system
from lanes.sources.rows import Here, Rows

INLINE_AGENT = "inline"  # a subagent inside its parent's file, in versions that gave it no name
ADD: dict[str, Callable[[Rows, Here, dict[str, Any]], None]] = {
    "user": add_user,
    "assistant": add_assistant,
    "attachment": add_attachment,
    "system": add_system,
}


class File(Protocol):
    """What must be known of a file: `lanes.sources.files.SourceFile`, and its id."""

    path: str
    kind: str
    session_id: str | None
    agent_id: str | None
    file_id: str


def normalise(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a file's records, each given with its ordinal in the file."""
    if file.kind == "tool_output" or file.kind == "metadata":
        return _whole(file, records, rows)
    home, subagent = file.session_id or file.file_id, file.kind == "subagent"
    for ordinal, record in records:
        if not isinstance(record, dict):
            continue
        session_id = string(record.get("sessionId")) or string(record.get("session_id")) or home
        agent_id = None
        if subagent or record.get("isSidechain") is True:
            agent_id = string(record.get("agentId")) or file.agent_id or INLINE_AGENT
        here = Here(file.file_id, ordinal, session_id, agent_id, record.get("timestamp"))
        kind = record.get("type")
        if kind == "user" or kind == "assistant":
            add_context(rows, here, record)
        (ADD.get(kind, add_other) if isinstance(kind, str) else add_other)(rows, here, record)


def _whole(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append what a file beside a transcript holds: a tool's output, or a word about an agent."""
    home = file.session_id or file.file_id
    for ordinal, record in records:
        if isinstance(record, str):
            row = (file.file_id, ordinal, home, PurePath(file.path).name, record)
            rows.tool_outputs.append(row)
        elif isinstance(record, dict):
            add_metadata(rows, Here(file.file_id, ordinal, home, file.agent_id, None), record)
