"""Attachments and system records: most are links of the forest, some hold words that count."""

from typing import Any

from lanes.sources.claude.author import who_typed
from lanes.sources.claude.blocks import block_rows, string, text_of
from lanes.sources.claude.bookkeeping import add_link
from lanes.sources.claude.ids import name_of, parent_of
from lanes.sources.claude.messages import add_user_row
from lanes.sources.claude.noise import anchored_kind
from lanes.sources.rows import Here, Rows


def add_attachment(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Append what a person typed while the agent was at work; anything else is a link."""
    attachment = record.get("attachment")
    if not isinstance(attachment, dict) or attachment.get("type") != "queued_command":
        return add_link(rows, here, record)
    prompt = attachment.get("prompt")
    author, kind, text = who_typed({**record, **attachment}, text_of(prompt), here.agent_id)
    if attachment.get("commandMode") == "task-notification":
        author, kind = "harness", "task_notification"
    name = name_of(here.session_id, record, "user", text)
    add_user_row(rows, here, record, (name, author, "steering" if kind == "prompt" else kind, text))
    rows.blocks += block_rows(here, prompt, text)


def add_system(rows: Rows, here: Here, record: dict[str, Any]) -> None:
    """Append a system record with words as a notice; one without is a link."""
    text, subtype = string(record.get("content")), string(record.get("subtype"))
    if text is None:
        return add_link(rows, here, record)
    kind = "local_output" if subtype == "local_command" else subtype or anchored_kind(text)
    name = name_of(here.session_id, record, "system", text)
    parent = parent_of(here.session_id, record)
    said = ("system", "harness", kind or "system", None)
    rows.add_message(here, (name, parent, None), said, text)
