"""User and assistant records: one in, its rows of messages, blocks, tools and usage out."""

from typing import Any

from lanes.sources.claude.author import who_typed
from lanes.sources.claude.blocks import BETWEEN, block_rows, string, text_of
from lanes.sources.claude.ids import name_of, parent_of
from lanes.sources.claude.noise import CONTEXT, INTERRUPTION, REMINDER
from lanes.sources.claude.tools import add_agent_call, add_tool_result, add_tool_use, words_key
from lanes.sources.claude.usage import add_usage
from lanes.sources.rows import Here, Rows

NO_RESPONSE = "No response requested."
Record = dict[str, Any]


def content_of(record: Record) -> tuple[Record, Any]:
    """Return a record's message and its content, whatever shape either has."""
    message = record.get("message")
    if not isinstance(message, dict):
        message = {"content": message}
    content = message.get("content")
    return message, [content] if isinstance(content, dict) else content


def add_user(rows: Rows, here: Here, record: Record) -> None:
    """Append a user record: a prompt, a notice, or the wrapper of tool results."""
    _, content = content_of(record)
    blocks = content if isinstance(content, list) else []
    results = [
        (n, b)
        for n, b in enumerate(blocks)
        if isinstance(b, dict) and b.get("type") == "tool_result"
    ]
    if results:
        kept = [b for b in blocks if not (isinstance(b, dict) and b.get("type") == "tool_result")]
        author, kind, text = "tool", "tool_result", text_of(kept)
        if INTERRUPTION.match(text):
            author, kind = "harness", "interruption"
    else:
        author, kind, text = who_typed(record, _words(content), here.agent_id)
    name = name_of(here.session_id, record, "user", text)
    add_user_row(rows, here, record, (name, author, kind, text))
    rows.blocks += block_rows(here, content, text)
    for n, block in results:
        add_tool_result(rows, here, (name, n), block, record if len(results) == 1 else {})
    if len(results) == 1 and isinstance(beside := record.get("toolUseResult"), dict):
        add_agent_call(rows, here, beside.get("agentId"), results[0][1].get("tool_use_id"))


def add_user_row(
    rows: Rows, here: Here, record: Record, verdict: tuple[str, str, str, str]
) -> None:
    """Append the message of a user's side: its name, author, kind and words are known by now."""
    name, author, kind, text = verdict
    parent = parent_of(here.session_id, record)
    said = ("user", author, kind, None)
    rows.add_message(here, (name, parent, None), said, text)
    if kind == "task" or kind == "compaction":
        rows.facts.append((*here[:3], "task_text", name, words_key(text)))
    forked = record.get("forkedFrom")
    if isinstance(forked, dict) and (origin := string(forked.get("sessionId"))):
        rows.facts.append((*here[:3], "forked_from", "", origin))


def _words(content: Any) -> str:
    """Join the text blocks, without those that are only an editor's context if others remain."""
    if not isinstance(content, list):
        return text_of(content)
    texts = [text for block in content if (text := text_of([block]))]
    own = [text for text in texts if CONTEXT.sub("", REMINDER.sub("", text)).strip()]
    return BETWEEN.join(own or texts)


def add_assistant(rows: Rows, here: Here, record: Record) -> None:
    """Append an assistant record: one of the blocks of an API message, most often."""
    message, content = content_of(record)
    text, model = text_of(content), string(message.get("model"))
    name = name_of(here.session_id, record, "assistant", text)
    api_id, request = string(message.get("id")), string(record.get("requestId"))
    author, kind = "agent", "answer"
    if record.get("isApiErrorMessage") is True or model == "<synthetic>":
        author, kind = "harness", "no_response" if text.strip() == NO_RESPONSE else "api_error"
    parent = parent_of(here.session_id, record)
    said = ("assistant", author, kind, model)
    rows.add_message(here, (name, parent, api_id), said, text)
    rows.blocks += block_rows(here, content, text)
    for n, block in enumerate(content if isinstance(content, list) else ()):
        if isinstance(block, dict) and block.get("type") in ("tool_use", "server_tool_use"):
            add_tool_use(rows, here, (name, n), block)
    if author == "agent":
        call = f"{api_id}:{request}" if api_id and request else api_id or request or name
        add_usage(rows, here, call, message)
