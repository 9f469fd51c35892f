"""Who typed a user message of Codex: its texts in, author, kind and the words that count out."""

import re
from collections.abc import Iterable

REQUEST = "## My request for Codex:"  # what an editor writes above a person's words
INJECTED = (
    ("<turn_aborted", "interruption"),
    ("<subagent_notification", "task_notification"),
    ("<skill", "skill"),
    ("<hook_prompt", "hook"),
    ("<environment_context", "context"),
    ("<user_instructions", "instructions"),
    ("<permissions", "instructions"),
    ("<", "context"),
    ("# AGENTS.md instructions", "instructions"),
    ("# Context from my IDE setup:", "ide_context"),
    ("Another language model started to solve this problem", "compact_summary"),
)
SHELL = re.compile(r"\A\s*<user_shell_command>\s*<command>(.*?)</command>", re.DOTALL)
IMAGE = ("<image", "</image>")


def who_typed(texts: Iterable[str], markup: bool) -> tuple[str, str, str]:
    """Return author, kind and words; with `markup` a text that opens with `<` is injected.

    >>> who_typed(["# AGENTS.md instructions for /x", "Fix the login."], True)
    ('person', 'prompt', 'Fix the login.')
    >>> who_typed(["<environment_context>/x</environment_context>"], True)
    ('harness', 'context', '<environment_context>/x</environment_context>')
    >>> who_typed(["# Context from my IDE setup:\\n## My request for Codex:\\nWhy?"], True)
    ('person', 'prompt', 'Why?')
    >>> who_typed(["<b> is not closed, why?"], False)
    ('person', 'prompt', '<b> is not closed, why?')
    """
    told, own, kinds = [], [], []
    for text in texts:
        if not text.strip() or text.lstrip().startswith(IMAGE):
            continue
        if shell := SHELL.match(text):
            return "command", "shell", shell.group(1).strip()
        words = text.partition(REQUEST)[2].strip() if REQUEST in text else text
        kind = injected(words, markup)
        (told if kind else own).append(words)
        kinds.append(kind)
    if own:
        return "person", "prompt", "\n\n".join(own).strip()
    return "harness", next(filter(None, kinds), "empty"), "\n\n".join(told)


def injected(text: str, markup: bool) -> str | None:
    """Return the kind of what the harness put in, or None for a person's words.

    >>> injected("<turn_aborted>", False), injected("<div>", True), injected("<div>", False)
    ('interruption', 'context', None)
    """
    start = text.lstrip()
    for opening, kind in INJECTED:
        if start.startswith(opening):
            return kind if markup or opening != "<" else None
    return None
