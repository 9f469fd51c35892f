"""The Prompt Logger's logs: `verbose-all.jsonl`, `sessions/*/verbose.jsonl`, `prompts-all.jsonl`.

A row is a prompt with what became of it, under whatever spelling its writer used. All spellings
are read alike; what is no number, no list or no JSON where one should be counts as absent.
"""

from collections.abc import Iterable
from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.claude.normalise import File
from lanes.sources.logs.loosely import Json, as_json, count, first, number
from lanes.sources.logs.prompt import Logged, Measures, add_prompt, typed
from lanes.sources.logs.turns import add_turns, turns_of
from lanes.sources.rows import Rows

PROMPT = ("prompt_text", "prompt", "user_message", "display", "text")
TIME = ("timestamp", "prompt_timestamp", "prompt_received_at", "captured_at", "created_at", "ts")
SESSION = ("session_id", "sessionId")
NAME = ("prompt_id", "promptId")


def normalise(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a log, each record given with its ordinal in the file."""
    for ordinal, record in records:
        if isinstance(record, dict):
            add_record(rows, (file.file_id, ordinal), record)
        if not rows.context or rows.context[0] != file.file_id:
            rows.context = (file.file_id, None, None)


def add_record(rows: Rows, place: tuple[str, int], record: Json, row: str | None = None) -> None:
    """Append one prompt, its answer and its tools; what nobody typed stays bytes.

    `row` is the id of a table's row: a prompt without a name of its own keeps it when it changes.
    """
    said = typed(string(first(record, PROMPT)) or "")
    if said is None:
        return
    turns = turns_of(record)
    place_of, git = as_json(record.get("environment")), as_json(record.get("git_context_json"))
    prompt = Logged(
        text=said[2],
        time=timed(first(record, TIME)),
        session_id=string(first(record, SESSION)),
        project=string(record.get("cwd")) or string(place_of.get("cwd")),
        name=string(first(record, NAME)) or row,
        answered=any(turn.text.strip() for turn in turns),
    )
    here, name = add_prompt(rows, place, prompt, said, measures(record))
    for kind, value in (("agent", record.get("source")), ("git_branch", git.get("branch"))):
        if text := string(value):
            rows.facts.append((*here[:3], kind, "", text))
    add_turns(rows, here, name, turns)


def timed(value: Any) -> Any:
    """Return a time as `parse_time` reads it: a number in a string is a number.

    >>> timed("1748736000"), timed("2025-06-01")
    (1748736000.0, '2025-06-01')
    """
    whole = number(value) if isinstance(value, str) and len(value) >= 9 else None
    return value if whole is None else whole


def measures(record: Json) -> Measures:
    """Return what the log scores and counts.

    >>> measures({"complexity_score": "0.5", "tool_calls": 3, "errors": [""], "files_modified": []})
    Measures(complexity=0.5, tokens=None, tool_calls=3, tool_errors=1, edits=0)
    """
    changed = [count(record.get(name)) for name in ("files_modified", "files_created")]
    known = [number for number in changed if number is not None]
    return Measures(
        complexity=number(record.get("complexity_score")),
        tokens=tokens(record.get("total_token_usage")),
        tool_calls=count(first(record, ("tool_calls", "tools_used"))),
        tool_errors=count(record.get("errors")),
        edits=sum(known) if known else None,
    )


def tokens(value: Any) -> int | None:
    """Return a number of tokens: itself, or the sum of the counters it consists of.

    >>> tokens({"input_tokens": 5, "output_tokens": 2}), tokens("12"), tokens("many")
    (7, 12, None)
    """
    usage = as_json(value)
    if usage:
        total = number(usage.get("total_tokens"))
        parts = [n for key, v in usage.items() if (n := number(v)) is not None and key != "total"]
        found = total if total is not None else (sum(parts) if parts else None)
    else:
        found = number(value)
    return int(found) if found is not None and 0 <= found < 2**62 else None
