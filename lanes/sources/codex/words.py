"""Messages of a rollout, in whatever family of records they stand, into rows."""

from typing import Any

from lanes.sources.claude.blocks import string
from lanes.sources.codex.author import who_typed
from lanes.sources.codex.thread import Thread
from lanes.sources.rows import Here, Rows

BETWEEN = "\n\n"
TEXTS = frozenset(("text", "input_text", "output_text", "summary_text"))


def texts_of(content: Any) -> list[str]:
    """Return the texts of any content; the kind of a block is compared without case.

    >>> texts_of([{"type": "Text", "text": "a"}, {"type": "input_image"}, "b"]), texts_of("c")
    (['a', 'b'], ['c'])
    """
    if isinstance(content, str):
        return [content]
    if isinstance(content, dict):
        content = [content]
    found = []
    for block in content if isinstance(content, list) else ():
        if isinstance(block, str):
            found.append(block)
        elif isinstance(block, dict) and str(block.get("type", "text")).lower() in TEXTS:
            found += [text] if isinstance(text := block.get("text"), str) else []
    return found


def add_user(rows: Rows, here: Here, thread: Thread, family: str, content: Any) -> None:
    """Append what a person (or the harness in their place) said, unless it stands there already."""
    author, kind, text = who_typed(texts_of(content), markup=family == "item")
    if thread.again(family, "user", text, here.time):
        return
    if thread.subagent and author == "person":
        author, kind = "agent", "task"
    add(rows, here, thread, ("user", author, kind, None), text)


def add_answer(rows: Rows, here: Here, thread: Thread, family: str, content: Any) -> None:
    """Append what the agent said, unless it stands there already."""
    text = BETWEEN.join(t for t in texts_of(content) if t)
    if text.strip() and not thread.again(family, "assistant", text, here.time):
        add(rows, here, thread, ("assistant", "agent", "answer", thread.model), text)


def add_notice(rows: Rows, here: Here, thread: Thread, kind: str, content: Any) -> None:
    """Append a notice of the harness."""
    text = BETWEEN.join(texts_of(content))
    add(rows, here, thread, ("user", "harness", kind, None), text)


def add(
    rows: Rows, here: Here, thread: Thread, said: tuple[str, str, str, str | None], text: str
) -> str:
    """Append a message with its one block of text and return its name."""
    name = thread.name(here.ordinal, here.time, said[0], text)
    rows.add_message(here, (name, None, None), said, text)
    if text:
        rows.blocks.append((*here[:2], 0, "text", 0, len(text), None, None, None))
    return name


def add_header(rows: Rows, here: Here, thread: Thread, meta: dict[str, Any]) -> None:
    """Note what a header says: of this session, or which one it was forked from."""
    named = string(meta.get("id")) or ""
    thread.session_id = thread.session_id or named or None
    if thread.session_id:
        here = here._replace(session_id=thread.session_id)
    thread.meta_id, thread.meta_ordinal = named, here.ordinal
    if named:
        rows.links.append((*here[:2], f"{named}:header", here.session_id, None, None))
    origin = named if named != here.session_id else string(meta.get("forked_from_id"))
    if origin and origin != here.session_id:
        rows.facts.append((*here[:3], "forked_from", "", origin))
    if named != here.session_id:
        return
    source = meta.get("source")
    thread.subagent = isinstance(source, dict) and "subagent" in source
    git = meta.get("git")
    branch = git.get("branch") if isinstance(git, dict) else None
    told = (("cwd", meta.get("cwd")), ("git_branch", branch), ("version", meta.get("cli_version")))
    for kind, value in told:
        if text := string(value):
            rows.facts.append((*here[:3], kind, "", text))
