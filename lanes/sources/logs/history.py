"""What was typed at a prompt, as Claude Code and Codex each note it in their `history.jsonl`.

Claude Code's rows have `display`, `pastedContents`, `timestamp` in milliseconds, `project` and, in
newer ones, `sessionId`; Codex's have `session_id`, `ts` in seconds and `text`. Neither has answers.
"""

import re
from collections.abc import Iterable
from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.claude.normalise import File
from lanes.sources.logs.prompt import Logged, Measures, add_prompt, typed
from lanes.sources.rows import Rows

PASTED = re.compile(r"\[(?:\.\.\.)?(?:Pasted text|Truncated text) #(\d{1,9})[^\]]{0,40}\]")


def normalise(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a history, each record given with its ordinal in the file."""
    for ordinal, record in records:
        prompt = read(record) if isinstance(record, dict) else None
        said = typed(prompt.text) if prompt else None
        if prompt and said:
            add_prompt(rows, (file.file_id, ordinal), prompt, said, Measures())
        elif not rows.context or rows.context[0] != file.file_id:
            rows.context = (file.file_id, None, None)


def read(record: dict[str, Any]) -> Logged | None:
    """Return the prompt of a row of either history, or None.

    >>> read({"session_id": "s", "ts": 1748736000, "text": "Why?"})
    Logged(text='Why?', time=1748736000, session_id='s', project=None, name=None, answered=False, \
open_ended=False)
    """
    if text := string(record.get("text")):
        return Logged(text, record.get("ts"), string(record.get("session_id")))
    if display := string(record.get("display")):
        text, open_ended = unfolded(display, record.get("pastedContents"))
        session, project = string(record.get("sessionId")), string(record.get("project"))
        return Logged(text, record.get("timestamp"), session, project, open_ended=open_ended)
    return None


def unfolded(display: str, pasted: Any) -> tuple[str, bool]:
    """Put pasted texts where their numbers stand; say whether one is known by its number only.

    >>> unfolded("Why? [Pasted text #1 +2 lines]", {"1": {"type": "text", "content": "a\\nb"}})
    ('Why? a\\nb', False)
    >>> unfolded("Why? [Pasted text #1 +2 lines]", {"1": {"contentHash": "9f"}})
    ('Why? [Pasted text #1 +2 lines]', True)
    """
    missing = False

    def body(match: re.Match[str]) -> str:
        nonlocal missing
        entry = pasted.get(match[1]) if isinstance(pasted, dict) else None
        text = string(entry.get("content")) if isinstance(entry, dict) else None
        missing = missing or text is None
        return match[0] if text is None else text

    text = PASTED.sub(body, display)
    return text, missing
