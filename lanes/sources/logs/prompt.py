"""A logged prompt into rows: its words, whose session it was, and what the log says beside."""

from hashlib import blake2b
from typing import Any, NamedTuple

from lanes.sources.claude.author import who_typed
from lanes.sources.rows import Here, Rows
from lanes.sources.times import parse_time

NO_SESSION = "log:"  # begins the name that stands for a session the log does not name
KINDS = {"!": "shell", "#": "memory_note"}


class Measures(NamedTuple):
    """How a log scores and counts an exchange; None: it does not."""

    complexity: float | None = None
    tokens: int | None = None
    tool_calls: int | None = None
    tool_errors: int | None = None
    edits: int | None = None


class Logged(NamedTuple):
    """A prompt as a log holds it."""

    text: str
    time: Any = None
    session_id: str | None = None
    project: str | None = None
    name: str | None = None  # the log's own id of the prompt
    answered: bool = False
    open_ended: bool = False


def session_of(prompt: Logged) -> str:
    """Return the session; where the log names none, the folder and the day stand for it.

    >>> session_of(Logged("hi", 1748736000000, None, "/srv/krume"))
    'log:/srv/krume:2025-06-01'
    """
    if prompt.session_id:
        return prompt.session_id
    time = parse_time(prompt.time)
    return f"{NO_SESSION}{prompt.project or ''}:{time.date() if time else ''}"


def spoken(text: str) -> tuple[str, str, str] | None:
    """Return author, kind and words of what was typed at a prompt; None for a bare command.

    >>> spoken("/fix the login"), spoken("/clear"), spoken("!ls")
    (('command', 'command', 'the login'), None, ('command', 'shell', 'ls'))
    >>> spoken("/srv/notes.md is empty, why?")
    ('person', 'prompt', '/srv/notes.md is empty, why?')
    """
    words = text.strip()
    head, _, rest = words.partition(" ")
    if head.startswith("/") and head.count("/") == 1:
        return ("command", "command", rest.strip()) if rest.strip() else None
    if words[:1] in KINDS and not words.startswith("# "):
        return "command", KINDS[words[0]], words[1:].strip()
    return ("person", "prompt", words) if words else None


def typed(text: str) -> tuple[str, str, str] | None:
    """Return author, kind and words of a logged prompt; None for what nobody typed.

    >>> typed("<task-notification>done</task-notification>"), typed("Go on.")
    (None, ('person', 'prompt', 'Go on.'))
    """
    author, kind, words = who_typed({}, text, None)
    if author == "person":
        return spoken(words)
    return (author, kind, words) if author == "command" else None


def add_prompt(
    rows: Rows, place: tuple[str, int], prompt: Logged, said: tuple[str, str, str], beside: Measures
) -> tuple[Here, str]:
    """Append a logged prompt of (author, kind, words); return where it stands and its name."""
    session_id = session_of(prompt)
    here = Here(*place, session_id, None, prompt.time)
    author, kind, words = said
    key = prompt.name or f"{parse_time(prompt.time)}\x1f{words}"
    parts = f"log\x1f{session_id}\x1f{key}".encode("utf-8", "surrogatepass")
    name = blake2b(parts, digest_size=8).hexdigest()
    rows.add_message(here, (name, None, None), ("user", author, kind, None), words)
    flags = (prompt.time, prompt.answered, prompt.open_ended)
    rows.logged_prompts.append((*here[:2], name, session_id, prompt.project, *flags, *beside))
    context = (place[0], session_id, prompt.project)
    if prompt.project and rows.context != context:
        rows.facts.append((*here[:3], "cwd", "", prompt.project))
    rows.context = context
    return here, name
