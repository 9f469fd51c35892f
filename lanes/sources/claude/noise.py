"""How a user record's text begins when nobody typed it: anchors, each with the kind it tells.

Every anchor holds at the very start only: the same words inside a sentence are a person's.
"""

import re

# A notice stays in the open exchange; what a kind in OPENERS says starts new work of its own.
ANCHORS: list[tuple[str, str]] = [
    ("<task-notification>", "task_notification"),
    ("<bash-notification>", "task_notification"),
    ("<agent-notification>", "task_notification"),
    ("<local-command-", "local_output"),
    ("Caveat: The messages below", "caveat"),
    ("<bash-stdout>", "shell_output"),
    ("<bash-stderr>", "shell_output"),
    ("[Request interrupted by user", "interruption"),
    ("This session is being continued from a previous conversation", "compact_summary"),
    ("<teammate-message", "teammate"),
    ("<teammate_message", "teammate"),
    ("Base directory for this skill:", "skill"),
    ("<user-prompt-submit-hook>", "hook"),
    ("[Image: source:", "image_path"),
    ("[Image: original", "image_path"),
    ("Unknown slash command:", "local_output"),
    ("Unknown skill:", "local_output"),
    ("<scheduled-task", "tick"),
    ("<<autonomous-loop", "tick"),
    ("<tick>", "tick"),
    ("<cron", "tick"),
    ("<heartbeat", "heartbeat"),
    ("<keep-alive", "heartbeat"),
    ("<keepalive", "heartbeat"),
    ("Read HEARTBEAT.md", "heartbeat"),
]
HOOK_FEEDBACK = re.compile(r"[A-Z][A-Za-z]{3,20} hook (feedback|additional context|blocking error)")
# Nearly every text fails this one look, so that most records pay for no other.
ANCHORED = re.compile("|".join(re.escape(start) for start, _ in ANCHORS))
KINDS: dict[str, str] = dict(ANCHORS)

INTERRUPTION = re.compile(r"\[Request interrupted by user[^\]]{0,40}\]\s*$")
REMINDER = re.compile(r"<system-reminder>.*?</system-reminder>\s*", re.DOTALL)
CONTEXT = re.compile(
    r"\A\s*<(ide_opened_file|ide_selection|ide_diagnostics)>.*?</\1>\s*", re.DOTALL
)
COMMAND = re.compile(r"\s*<command-(?:name|message)>")
COMMAND_ARGS = re.compile(r"<command-args>(.*?)</command-args>", re.DOTALL)
COMMAND_NAME = re.compile(r"<command-name>(.*?)</command-name>", re.DOTALL)
TYPED = (
    ("<bash-input>", "</bash-input>", "shell"),
    ("<user-memory-input>", "</user-memory-input>", "memory_note"),
)
COMPACTION_TASK = "Your task is to create a detailed summary of the conversation"

# Kinds that open an exchange. A bare slash command opens one only where the harness turned it into
# a prompt ("expansion"), which only its children tell: see exchanges.
OPENERS = frozenset(
    {"prompt", "steering", "command", "shell", "memory_note", "task"}  # words of somebody's own
    | {"tick", "heartbeat", "warmup", "compaction"}  # the harness's
)


def anchored_kind(text: str) -> str | None:
    """Return the kind of noise whose anchor opens the text, or None.

    >>> anchored_kind("<task-notification> done"), anchored_kind("the <task-notification> tag")
    ('task_notification', None)
    >>> anchored_kind("[Request interrupted by user]"), anchored_kind("Stop hook feedback: no")
    ('interruption', 'hook')
    """
    if match := ANCHORED.match(text):
        kind = KINDS[match.group()]
        return kind if kind != "interruption" or INTERRUPTION.match(text) else None
    return "hook" if HOOK_FEEDBACK.match(text) else None


def strip_context(text: str) -> tuple[str, str | None]:
    """Take reminders and an editor's context off a text; what was all of it is its kind.

    >>> strip_context("<ide_opened_file>a.py is open</ide_opened_file>\\nWhat is it for?")
    ('What is it for?', None)
    >>> strip_context("<system-reminder>Todo list is empty</system-reminder>")
    ('<system-reminder>Todo list is empty</system-reminder>', 'reminder')
    """
    rest, kind = text, None
    if "<system-reminder>" in rest:
        rest, kind = REMINDER.sub("", rest), "reminder"
    while match := CONTEXT.match(rest):
        rest, kind = rest[match.end() :], "ide_context"
    return (text, kind) if kind and not rest.strip() else (rest, None)


def typed_words(text: str) -> tuple[str, str] | None:
    """Return what a person typed after a slash, a bang or a hash, and its kind.

    >>> typed_words("<command-name>/fix</command-name><command-args>the login</command-args>")
    ('the login', 'command')
    >>> typed_words("<command-message>clear</command-message><command-name>/clear</command-name>")
    ('/clear', 'slash_command')
    >>> typed_words("<bash-input> uv run pytest</bash-input>"), typed_words("fix /login")
    (('uv run pytest', 'shell'), None)
    """
    if COMMAND.match(text):
        arguments = COMMAND_ARGS.search(text)
        if arguments and (words := arguments.group(1).strip()):
            return words, "command"
        name = COMMAND_NAME.search(text)
        return (name.group(1).strip() if name else text), "slash_command"
    for start, end, kind in TYPED:
        if text.startswith(start):
            return text[len(start) :].split(end, 1)[0].strip(), kind
    return None
