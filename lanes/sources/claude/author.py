"""Who typed a user record: structure decides first, then how the text begins."""

from typing import Any

from lanes.sources.claude.noise import (
    COMPACTION_TASK,
    anchored_kind,
    strip_context,
    typed_words,
)

HARNESS_ORIGINS = {
    "task-notification": "task_notification",
    "scheduled": "tick",
    "cron": "tick",
    "loop": "tick",
    "tick": "tick",
    "wakeup": "tick",
    "heartbeat": "heartbeat",
    "teammate": "teammate",
    "peer": "teammate",
    "coordinator": "teammate",
    "channel": "channel",
    "hook": "hook",
}
Verdict = tuple[str, str, str]  # author, kind, the words that count


def who_typed(record: dict[str, Any], text: str, agent_id: str | None) -> Verdict:
    """Return author, kind and words of a user record that holds no tool result.

    >>> who_typed({"permissionMode": "default"}, "Fix the login", None)
    ('person', 'prompt', 'Fix the login')
    >>> who_typed({"permissionMode": "default", "origin": {"kind": "cron"}}, "Look", None)
    ('harness', 'tick', 'Look')
    >>> who_typed({"isSidechain": True}, "Search the docs", "a1")
    ('agent', 'task', 'Search the docs')
    """
    if record.get("isCompactSummary") is True:
        return "harness", "compact_summary", text
    origin = record.get("origin")
    origin = origin.get("kind") if isinstance(origin, dict) else None
    if isinstance(origin, str) and origin in HARNESS_ORIGINS:
        return "harness", HARNESS_ORIGINS[origin], text
    words, kind = strip_context(text)
    if kind or not words.strip():
        return "harness", kind or "empty", text
    human = origin == "human"
    if agent_id is not None and not human:
        return _in_agent_thread(record, words, agent_id)
    if (typed := typed_words(words)) is not None:
        return "harness" if typed[1] == "slash_command" else "command", typed[1], typed[0]
    if kind := anchored_kind(words):
        return "harness", kind, words
    if words.strip() == "Warmup":
        return "harness", "warmup", words
    if record.get("isMeta") is True:
        return "harness", "expansion", words
    if record.get("promptSource") == "system" and not human:
        return "harness", "tick", words
    return "person", "prompt", words


def _in_agent_thread(record: dict[str, Any], words: str, agent_id: str) -> Verdict:
    if words.strip() == "Warmup":
        return "harness", "warmup", words
    if words.startswith(COMPACTION_TASK):
        return "harness", "compaction", words
    kind = anchored_kind(words)
    if kind and (kind != "teammate" or record.get("isMeta") is True):
        return "harness", kind, words
    if record.get("isMeta") is True or agent_id.startswith("acompact"):
        return "harness", "expansion", words
    return "agent", "task", words
