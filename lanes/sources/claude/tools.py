"""Tool calls and their results: blocks of a message in, rows of tool_uses and tool_results out."""

import json
import re
from hashlib import md5
from typing import Any

import orjson

from lanes.sources.claude.blocks import string, text_of
from lanes.sources.claude.noise import REMINDER
from lanes.sources.rows import Here, Rows, clean
from lanes.sources.tool_names import common_name

EXIT_CODE = re.compile(r"(?:Error: )?Exit code (-?\d{1,9})\b")
PERSISTED = re.compile(r"<persisted-output>.{0,400}?saved to:? ([^\n]+)", re.DOTALL)
REJECTED = (
    "The user doesn't want to proceed with this tool use",
    "The user doesn't want to take this action right now",
    "User rejected tool use",
    "[Request interrupted by user for tool use]",
)
# What an agent may ask to be said later: to a subagent now, to itself at a time it sets.
ASKS = {"Task": "task_prompt", "CronCreate": "scheduled", "ScheduleWakeup": "scheduled"}


def add_tool_use(rows: Rows, here: Here, name: tuple[str, int], block: dict[str, Any]) -> None:
    """Append a call of (message, block); its input may be anything JSON can hold."""
    original, given = string(block.get("name")) or "unknown", block.get("input")
    call, tool = string(block.get("id")) or f"{name[0]}:{name[1]}", common_name(original)
    rows.tool_uses.append((*here[:2], call, name[0], tool, original, json_text(given), here.time))
    prompt = given.get("prompt") if tool in ASKS and isinstance(given, dict) else None
    if prompt and isinstance(prompt, str):
        rows.facts.append((*here[:3], ASKS[tool], call, words_key(prompt)))


def words_key(text: str) -> str:
    """Return what two copies of the same words have in common: md5, which SQL knows too.

    >>> words_key(" a ") == words_key("a")
    True
    """
    return md5(text.strip().encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def json_text(value: Any) -> str:
    """Return a value as JSON, also where orjson refuses it.

    >>> json_text({"n": 10**30, "s": "\\ud83d"})
    '{"n": 1000000000000000000000000000000, "s": "\ufffd"}'
    """
    try:
        return orjson.dumps(value).decode()
    except (TypeError, ValueError, RecursionError):
        return clean(json.dumps(value, ensure_ascii=False, default=str))


def add_tool_result(
    rows: Rows, here: Here, name: tuple[str, int], block: dict[str, Any], record: dict[str, Any]
) -> None:
    """Append a result; `record` is what stands beside it, empty where that may be another's."""
    output, beside = text_of(block.get("content")), record.get("toolUseResult")
    facts = beside if isinstance(beside, dict) else {}
    said = beside if isinstance(beside, str) else ""
    output = output or said
    if "<system-reminder>" in output:
        output = REMINDER.sub("", output)
    explicit = block.get("is_error") is True or output.startswith("<tool_use_error>")
    rejected = output.startswith(REJECTED) or said.removeprefix("Error: ").startswith(REJECTED)
    rejected = rejected or "toolDenialKind" in record
    code = exit_code(output, facts, explicit)
    failed = explicit or rejected or bool(code) or facts.get("interrupted") is True
    failed = failed or said.startswith("Error: ")
    saved = PERSISTED.match(output) if output.startswith("<persisted-output>") else None
    beside_name = re.split(r"[/\\]", saved.group(1).strip())[-1] if saved else None
    call = string(block.get("tool_use_id")) or f"{name[0]}:{name[1]}"
    verdict = (not failed, explicit, rejected, code, duration(facts))
    rows.tool_results.append((*here[:2], call, name[0], output, *verdict, here.time, beside_name))


def exit_code(output: str, facts: dict[str, Any], failed: bool) -> int | None:
    """Return the code a command ended with; 0 where a shell's result speaks of no failure.

    >>> exit_code("Exit code 2\\nno such file", {}, True), exit_code("a", {"stdout": "a"}, False)
    (2, 0)
    >>> exit_code("a", {}, False), exit_code("a", {"stdout": "a", "interrupted": True}, False)
    (None, None)
    """
    if match := EXIT_CODE.match(output):
        return int(match.group(1))
    code = facts.get("exitCode", facts.get("exit_code"))
    if isinstance(code, int) and not isinstance(code, bool) and abs(code) < 2**31:
        return code
    open_ended = failed or facts.get("interrupted") is True or facts.get("backgroundTaskId")
    return 0 if "stdout" in facts and not open_ended else None


def duration(facts: dict[str, Any]) -> int | None:
    """Return milliseconds, where the result says how long it took.

    >>> duration({"durationMs": 12}), duration({"durationSeconds": 1.5}), duration({})
    (12, 1500, None)
    """
    for name, unit in (("durationMs", 1), ("totalDurationMs", 1), ("durationSeconds", 1000)):
        value = facts.get(name)
        if isinstance(value, int | float) and 0 <= value < 2**40:
            return round(value * unit)
    return None


def add_agent_call(rows: Rows, here: Here, agent: Any, call: Any) -> None:
    """Note which call started an agent, as the call's result or a progress record tells."""
    if (agent := string(agent)) and (call := string(call)):
        rows.facts.append((*here[:3], "agent_call", agent, call))
