"""Tool calls of a rollout and their results: response items, ended events and completed items."""

import re
import shlex
from contextlib import suppress
from typing import Any

import orjson

from lanes.sources.claude.blocks import string
from lanes.sources.claude.tools import json_text
from lanes.sources.codex.thread import Thread
from lanes.sources.codex.words import texts_of
from lanes.sources.rows import Here, Rows
from lanes.sources.tool_names import common_name

UNIQUE = 20  # characters from which on a call's id is no other session's
EXIT = re.compile(r"(?:Exit code: |Process exited with code )(-?\d{1,9})\b")
WALL = re.compile(r"Wall time: (\d{1,9}(?:\.\d{1,9})?) seconds")
ENDED = ("Exit code: ", "Wall time: ", "Chunk ID: ")  # how an output begins that says it
HEAD = 400  # characters in which an output says how the command ended
REJECTED = ("rejected by user", "denied by user", "declined by user")
Json = dict[str, Any]


def call_id(thread: Thread, here: Here, item: Json) -> str:
    """Return a call's name as all sessions know it."""
    own = string(item.get("call_id")) or string(item.get("id"))
    if own is None:
        return thread.name(here.ordinal, here.time, "call", json_text(item))
    return own if len(own) >= UNIQUE else f"{here.session_id}:{own}"


def add_call(rows: Rows, here: Here, thread: Thread, item: Json) -> None:
    """Append a response item that calls a tool."""
    name, given = called(item)
    call = call_id(thread, here, item)
    message = f"{call}:call"
    said = ("assistant", "agent", "answer", thread.model)
    rows.add_message(here, (message, None, None), said, None)
    rows.blocks.append((*here[:2], 0, "tool_use", None, None, None, call, None))
    add_use(rows, here, (call, message), name, given)


def add_use(rows: Rows, here: Here, ids: tuple[str, str], name: str, given: Any) -> None:
    """Append the row of a call; `ids` are the call's and the message's."""
    patch = isinstance(given, dict) and str(given.get("command", "")).startswith("apply_patch")
    tool = "Edit" if patch else common_name(name)
    rows.tool_uses.append((*here[:2], *ids, tool, name, json_text(given), here.time))


def called(item: Json) -> tuple[str, Any]:
    """Return a call's original name and what it was given.

    >>> called({"type": "local_shell_call", "action": {"command": ["bash", "-lc", "ls | wc"]}})
    ('local_shell', {'command': 'ls | wc'})
    >>> called({"name": "shell", "arguments": '{"command": ["ls", "-l"]}'})
    ('shell', {'command': 'ls -l'})
    """
    kind, action = item.get("type"), item.get("action")
    name = string(item.get("name")) or str(kind).removesuffix("_call")
    if space := string(item.get("namespace")):
        name = name if name.startswith("mcp__") else f"{space}__{name}"
    given = action if isinstance(action, dict) else item.get("arguments", item.get("input"))
    if isinstance(given, str):
        with suppress(orjson.JSONDecodeError):
            given = orjson.loads(given)
    if isinstance(given, dict) and isinstance(given.get("command"), list):
        given = given | {"command": command_line(given["command"])}
    return name, given


def command_line(words: Any) -> str:
    """Return a command as a person would type it.

    >>> command_line(["/bin/zsh", "-lc", "make test"]), command_line(["git", "log", "a b"])
    ('make test', "git log 'a b'")
    """
    if isinstance(words, str):
        return words
    parts = [str(word) for word in words] if isinstance(words, list) else []
    if len(parts) == 3 and parts[1] in ("-c", "-lc"):
        return parts[2]
    return shlex.join(parts)


def add_result(rows: Rows, here: Here, thread: Thread, item: Json) -> None:
    """Append a response item that holds a tool's output."""
    output, facts = opened(item.get("output"))
    head = output[:HEAD].partition("\nOutput:")[0]
    code, wall = facts.get("exit_code"), facts.get("duration_seconds")
    if head.startswith(ENDED):
        code = int(match[1]) if code is None and (match := EXIT.search(head)) else code
        wall = float(match[1]) if wall is None and (match := WALL.search(head)) else wall
    rejected = any(words in head for words in REJECTED)
    failed = facts.get("success") is False or item.get("status") == "failed"
    add_end(rows, here, call_id(thread, here, item), output, (failed, rejected, code, wall))


def opened(output: Any) -> tuple[str, Json]:
    """Return the text of an output and what is said beside it; older ones are JSON in a string.

    >>> opened('{"output": "a", "metadata": {"exit_code": 1}}')
    ('a', {'exit_code': 1})
    >>> opened({"content": "no", "success": False})
    ('no', {'success': False})
    """
    if isinstance(output, str) and output.startswith('{"output":'):
        try:
            output = orjson.loads(output)
        except orjson.JSONDecodeError:
            return output, {}
    if isinstance(output, dict) and "text" not in output:
        beside = output.get("metadata")
        facts = beside if isinstance(beside, dict) else {}
        facts |= {"success": False} if output.get("success") is False else {}
        return "\n".join(texts_of(output.get("output", output.get("content")))), facts
    return "\n".join(texts_of(output)), {}


def add_end(
    rows: Rows, here: Here, call: str, output: str, ended: tuple[bool, bool, Any, Any]
) -> None:
    """Append a result's message and row; `ended`: failed, rejected, exit code, seconds."""
    failed, rejected, code, seconds = ended
    code = code if type(code) is int and abs(code) < 2**31 else None
    timed = isinstance(seconds, int | float) and 0 <= seconds < 2**40
    message = f"{call}:result"
    said = ("user", "tool", "tool_result", None)
    rows.add_message(here, (message, None, None), said, None)
    rows.blocks.append((*here[:2], 0, "tool_result", None, None, None, call, None))
    bad = rejected or (failed if code is None else code != 0)
    verdict = (not bad, failed, rejected, code, round(seconds * 1000) if timed else None)
    rows.tool_results.append((*here[:2], call, message, output, *verdict, here.time, None))


def add_whole(
    rows: Rows, here: Here, call: str, use: tuple[str, Any], end: tuple[str, Any]
) -> None:
    """Append a record that is both call and result: (name, input) and (output, ended).

    Where the call stands in a record of its own too, the first of both counts, for either.
    """
    add_end(rows, here, call, *end)
    add_use(rows, here, (call, f"{call}:result"), *use)
