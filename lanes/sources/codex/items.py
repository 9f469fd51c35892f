"""Records that tell of a whole call, events at its end and completed items: rows of both out."""

from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.claude.tools import json_text
from lanes.sources.codex.thread import Thread
from lanes.sources.codex.tools import Json, add_whole, call_id, command_line
from lanes.sources.codex.words import texts_of
from lanes.sources.rows import Here, Rows

Told = tuple[tuple[str, Any], str, Any]  # (name, input), output, exit code
# The names of completed items, and of the events that said the same before.
COMMANDS = ("CommandExecution", "exec_command_end")
EDITS = ("FileChange", "patch_apply_end")
MCP = ("McpToolCall", "mcp_tool_call_end")
OTHERS = {
    "DynamicToolCall": "tool",
    "CollabAgentToolCall": "tool",
    "WebSearch": None,
    "web_search_end": None,
    "ImageView": None,
}
TOOLS = frozenset((*COMMANDS, *EDITS, *MCP, *OTHERS))


def add_tool(rows: Rows, here: Here, thread: Thread, item: Json) -> None:
    """Append what an item of a kind in TOOLS tells."""
    kind = item["type"]
    if kind in COMMANDS:
        use, output, code = command(item)
    elif kind in EDITS:
        use, output, code = ("apply_patch", {"changes": item.get("changes")}), both(item), None
    elif kind in MCP:
        use, output, code = mcp(item)
    else:
        use, output, code = other(kind, item)
    status = str(item.get("status", "")).lower()
    failed = status == "failed" or item.get("success") is False or "Err" in as_dict(item, "result")
    ended = (failed, status == "declined", code, seconds(item.get("duration")))
    add_whole(rows, here, call_id(thread, here, item), use, (output, ended))


def command(item: Json) -> Told:
    """Return what a command was and how it ended."""
    given = {"command": command_line(item.get("command"))}
    output = string(item.get("aggregated_output")) or both(item)
    return ("shell", given), output, item.get("exit_code")


def both(item: Json) -> str:
    """Return what a command printed."""
    printed = (item.get("stdout"), item.get("stderr"))
    return "\n".join(text for text in printed if isinstance(text, str) and text)


def mcp(item: Json) -> Told:
    """Return a call of a server's tool, named as Claude Code names it."""
    call = as_dict(item, "invocation") or item
    name = f"mcp__{call.get('server')}__{call.get('tool')}"
    result = as_dict(item, "result")
    result = result.get("Ok", result)
    content = result.get("content") if isinstance(result, dict) else result
    return (name, call.get("arguments")), "\n".join(texts_of(content)), None


def other(kind: str, item: Json) -> Told:
    """Return a call of some other kind: what it was given is all that it says."""
    key = OTHERS[kind]
    name = {"web_search_end": "WebSearch"}.get(kind, kind)
    if key and isinstance(item.get(key), str):
        name = item[key]
    given = item.get("arguments", {k: item[k] for k in ("query", "path", "prompt") if k in item})
    result = item.get("content_items", item.get("contentItems", item.get("result")))
    output = "\n".join(texts_of(result)) or (json_text(result) if result else "")
    return (name, given), output, None


def as_dict(item: Json, key: str) -> Json:
    """Return a dictionary that a record may hold, else an empty one."""
    value = item.get(key)
    return value if isinstance(value, dict) else {}


def seconds(value: Any) -> float | None:
    """Return a duration, which is a number, or seconds and nanoseconds.

    >>> seconds({"secs": 1, "nanos": 500000000}), seconds(2), seconds("1s")
    (1.5, 2, None)
    """
    if isinstance(value, dict):
        parts = value.get("secs"), value.get("nanos", 0)
        whole = all(isinstance(part, int) for part in parts)
        return parts[0] + parts[1] / 1e9 if whole else None  # pyright: ignore[reportOperatorIssue]
    return value if isinstance(value, int | float) and not isinstance(value, bool) else None
