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

PASTE = "paste:"  # begins the name that stands for the session of a pasted text
PASTED = re.compile(r"\[(?:\.\.\.)?(?:Pasted text|Truncated text) #(\d{1,9})[^\]]{0,40}\]")


def normalise(file: File, records: Iterable[tuple[int, Any]], rows: Rows) -> None:
    """Append the rows of a history, each record given with its ordinal in the file."""
    for ordinal, record in records:
        if isinstance(record, str):  # a pasted text that a row names by its hash
            home = file.session_id or file.file_id
            name = home.removeprefix(PASTE)
            rows.tool_outputs.append((file.file_id, ordinal, home, name, record))
            continue
        prompt = read(record) if isinstance(record, dict) else None
        said = typed(prompt.text) if prompt else None
        if prompt and said:
            here, name = add_prompt(rows, (file.file_id, ordinal), prompt, said, Measures())
            for number, digest in hashes(prompt.text, record.get("pastedContents")):
                rows.facts.append((*here[:3], "paste", name, f"{number} {digest}"))
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


def hashes(text: str, pasted: Any) -> list[tuple[str, str]]:
    """Return (number, hash) of the pasted texts that stand in a prompt by their number only.

    >>> hashes("Why? [Pasted text #1 +2 lines]", {"1": {"contentHash": "9f"}, "2": {}})
    [('1', '9f')]
    """
    entries = pasted if isinstance(pasted, dict) else {}
    named = ((n, entries.get(n)) for n in PASTED.findall(text))
    found = ((n, string(e.get("contentHash"))) for n, e in named if isinstance(e, dict))
    return [(number, digest) for number, digest in found if digest]


def filled(text: str, bodies: dict[str, str]) -> str | None:
    """Put pasted texts in place of all their numbers; None where one of them is not known.

    >>> filled("Why? [Pasted text #1 +2 lines]", {"1": "a"}), filled("[Pasted text #2]", {})
    ('Why? a', None)
    """
    if not set(PASTED.findall(text)) <= bodies.keys():
        return None
    return PASTED.sub(lambda match: bodies[match[1]], text)
