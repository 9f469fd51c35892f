"""Lines of a rollout in, rows of the normal layer out.

Four generations: flat items without times; {timestamp, type, payload} with events of every turn;
the same with completed items in their place; and runs that hold response items alone.
"""

from collections.abc import Iterable
from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.claude.normalise import File
from lanes.sources.codex import items, words
from lanes.sources.codex.thread import Thread
from lanes.sources.codex.tools import add_call, add_result
from lanes.sources.codex.usage import add_token_count, add_usage_record
from lanes.sources.rows import Here, Rows

CALLS = ("function_call", "custom_tool_call", "local_shell_call", "web_search_call")
RESULTS = ("function_call_output", "custom_tool_call_output")


def normalise(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a rollout's lines, each given with its ordinal in the file."""
    thread = rows.context
    if not isinstance(thread, Thread) or thread.file_id != file.file_id:
        thread = rows.context = Thread(file.file_id, file.session_id)
    for ordinal, record in records:
        if isinstance(record, dict):
            session_id = thread.session_id or file.file_id
            here = Here(file.file_id, ordinal, session_id, None, record.get("timestamp"))
            add_line(rows, here, thread, record)


def add_line(rows: Rows, here: Here, thread: Thread, record: dict[str, Any]) -> None:
    """Append one line of any generation."""
    kind, payload = record.get("type"), record.get("payload")
    if not isinstance(payload, dict):
        add_flat(rows, here, thread, record)
    elif kind == "session_meta":
        words.add_header(rows, here, thread, payload)
    elif kind == "response_item":
        add_item(rows, here, thread, payload)
    elif kind == "event_msg":
        add_event(rows, here, thread, payload)
    elif kind == "turn_context":
        thread.model = string(payload.get("model")) or thread.model
    elif kind == "compacted":
        words.add_notice(rows, here, thread, "compact_summary", payload.get("message"))
    elif kind == "token_usage_record":
        add_usage_record(rows, here, thread, payload)


def add_flat(rows: Rows, here: Here, thread: Thread, record: dict[str, Any]) -> None:
    """Append a line without a payload: of the first generation, or a count of tokens."""
    if record.get("type") == "token_usage_record":
        return add_usage_record(rows, here, thread, record)
    if "type" in record:
        return add_item(rows, here, thread, record)
    if "id" in record and "record_type" not in record:
        words.add_header(rows, here, thread, record)


def add_item(rows: Rows, here: Here, thread: Thread, item: dict[str, Any]) -> None:
    """Append a response item: what went to the model, or came from it."""
    kind, role = item.get("type"), item.get("role")
    if kind in CALLS:
        add_call(rows, here, thread, item)
    elif kind in RESULTS:
        add_result(rows, here, thread, item)
    elif kind == "message" and role == "assistant":
        words.add_answer(rows, here, thread, "item", item.get("content"))
    elif kind == "message" and role == "user":
        words.add_user(rows, here, thread, "item", item.get("content"))
    elif kind == "message":
        words.add_notice(rows, here, thread, "instructions", item.get("content"))


def add_event(rows: Rows, here: Here, thread: Thread, event: dict[str, Any]) -> None:
    """Append an event: a message, the end of a call, tokens, a turn that was stopped."""
    kind = string(event.get("type"))
    if kind == "user_message":
        words.add_user(rows, here, thread, "event", event.get("message"))
    elif kind == "agent_message":
        words.add_answer(rows, here, thread, "event", event.get("message"))
    elif kind == "token_count":
        add_token_count(rows, here, thread, event)
    elif kind == "turn_aborted":
        words.add_notice(rows, here, thread, "interruption", event.get("reason"))
    elif kind == "thread_name_updated" and (title := string(event.get("thread_name"))):
        rows.facts.append((*here[:3], "custom-title", "", title))
    elif kind == "item_completed" and isinstance(item := event.get("item"), dict):
        add_completed(rows, here, thread, item)
    elif kind in items.TOOLS:
        items.add_tool(rows, here, thread, event)


def add_completed(rows: Rows, here: Here, thread: Thread, item: dict[str, Any]) -> None:
    """Append a completed item: versions from 0.147 on write it in place of a turn's events."""
    kind = string(item.get("type"))
    if kind == "UserMessage":
        words.add_user(rows, here, thread, "completed", item.get("content"))
    elif kind == "AgentMessage":
        words.add_answer(rows, here, thread, "completed", item.get("content", item.get("text")))
    elif kind == "HookPrompt":
        words.add_notice(rows, here, thread, "hook", item.get("content", item.get("text")))
    elif kind in items.TOOLS:
        items.add_tool(rows, here, thread, item)
