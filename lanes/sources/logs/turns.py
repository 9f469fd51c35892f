"""What the agent did, as a prompt log tells it: turns with words and tool calls, into rows."""

from typing import Any, NamedTuple

from lanes.sources.claude.blocks import string
from lanes.sources.claude.tools import json_text
from lanes.sources.logs.loosely import Json, first, number
from lanes.sources.rows import Here, Rows
from lanes.sources.tool_names import common_name

ANSWER = ("response", "assistant_message", "assistant_response")
WORDS = ("content", "text_response", "text")
GIVEN = ("parameters", "tool_input", "input", "arguments")
NAMES = ("tool_name", "name", "tool", "original_name")
OUTPUT = ("output", "result", "tool_output", "content")


class Turn(NamedTuple):
    """A message of the agent and the tools it called."""

    text: str
    calls: list[Json]


def turns_of(record: Json) -> list[Turn]:
    """Return the turns of a row; tools that the row lists beside them belong to the last one.

    >>> turns_of({"assistant_turns": ["a", {"text_response": "b", "tool_calls": ["ls"]}]})
    [Turn(text='a', calls=[]), Turn(text='b', calls=[{'tool_name': 'ls'}])]
    >>> turns_of({"response": "a", "tools_used": ["Bash"]})
    [Turn(text='a', calls=[{'tool_name': 'Bash'}])]
    """
    given = record.get("assistant_turns")
    if not isinstance(given, list):
        given = [given] if isinstance(given, dict | str) else []
    turns = [turn_of(turn) for turn in given]
    answer = first(record, ANSWER)
    if not turns and answer is not None:
        turns = [turn_of(answer)]
    beside = calls_of(first(record, ("tool_calls", "tools_used")))
    if beside and not any(turn.calls for turn in turns):
        turns = [*turns[:-1], Turn(turns[-1].text if turns else "", beside)]
    return turns


def turn_of(given: Any) -> Turn:
    """Return one turn: a string, or an object under either spelling."""
    if isinstance(given, dict):
        words = first(given, WORDS)
        if isinstance(words, list):
            texts = (b.get("text") if isinstance(b, dict) else b for b in words)
            words = "\n\n".join(text for text in texts if isinstance(text, str))
        return Turn(string(words) or "", calls_of(given.get("tool_calls")))
    return Turn(string(given) or "", [])


def calls_of(given: Any) -> list[Json]:
    """Return tool calls as objects; of a mere count nothing is known."""
    calls = given if isinstance(given, list) else []
    named = ({"tool_name": call} if isinstance(call, str) else call for call in calls)
    return [call for call in named if isinstance(call, dict)]


def add_turns(rows: Rows, here: Here, prompt: str, turns: list[Turn]) -> None:
    """Append a message a turn, each behind the one before, with its calls and their results."""
    before = prompt
    for n, turn in enumerate(turns, 1):
        name = f"{prompt}:{n:04}"
        said = ("assistant", "agent", "answer", None)
        rows.add_message(here, (name, before, None), said, turn.text)
        before = name
        for i, call in enumerate(turn.calls):
            add_call(rows, here, (f"{name}:{i}", name), call)


def add_call(rows: Rows, here: Here, ids: tuple[str, str], call: Json) -> None:
    """Append a call, and its result where the log says anything of it."""
    original = string(first(call, NAMES)) or "unknown"
    given = json_text(first(call, GIVEN))
    rows.tool_uses.append((*here[:2], *ids, common_name(original), original, given, here.time))
    output, (ok, code), lasted = first(call, OUTPUT), ended(call), number(call.get("duration_ms"))
    if output is None and ok is None and lasted is None:
        return
    text = output if isinstance(output, str) else json_text(output) if output is not None else ""
    spent = round(lasted) if lasted is not None and 0 <= lasted < 2**40 else None
    verdict = (ok, ok is False and code is None, False, code, spent)
    rows.tool_results.append((*here[:2], *ids, text, *verdict, here.time, None))


def ended(call: Json) -> tuple[bool | None, int | None]:
    """Return whether a call went well and its exit code, which wins over what else is said.

    >>> ended({"success": True, "exit_code": 1}), ended({"is_error": False}), ended({})
    ((False, 1), (True, None), (None, None))
    """
    code = number(call.get("exit_code"))
    if code is not None and abs(code) < 2**31:
        return code == 0, int(code)
    if isinstance(success := call.get("success"), bool):
        return success, None
    failed = call.get("is_error")
    return (not failed, None) if isinstance(failed, bool) else (None, None)
