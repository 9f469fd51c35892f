"""What a path holds, by its name and folder: a path in, a `SourceFile` out."""

import os
import re
from dataclasses import dataclass

from lanes.memories.document import kind_of

PACKED = ".zst"  # Codex packs rollouts that were idle for a week
# Logs of other shapes that may lie beside transcripts; they are not Claude Code's own.
OTHER_LOGS = {
    "audit.jsonl",
    "session_index.jsonl",
}
PROMPT_LOGS = {
    "verbose-all.jsonl": "verbose",
    "verbose.jsonl": "verbose",
    "prompts-all.jsonl": "prompts",
}
# rollout-<time>-<uuid>.jsonl; the session's id is the uuid, and where there is none, the header's.
UUID = r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}"
BY_UUID = re.compile(rf"{UUID}\.jsonl")  # nearly every file of a history is called so
COWORK = "local-agent-mode-sessions"  # Claude Desktop's, below its folder of an app's data
DESKTOP = (COWORK, "claude-code-sessions")
ROLLOUT = re.compile(rf"rollout-.*?({UUID})?\.jsonl(?:\.zst)?")


@dataclass(slots=True)
class SourceFile:
    """A file to read, and what its place says about it.

    `kind` is transcript or subagent (a record a line), tool_output (one record: its whole text, as
    a `str`; the stem of the path is the tool call's id), paste (the same of a pasted text, by its
    hash), metadata (one record: its JSON), log (a record a line, each of some session), or memory
    and memory_edge (a row of a table a line).
    `session_id` and `agent_id` are what the path says; None where only the records know.

    In parsed records, `payload:` and a sha-256 in hex stand where a long run of base64 was
    (`warehouse.payloads`).
    """

    source: str
    path: str
    kind: str
    session_id: str | None = None
    agent_id: str | None = None
    file_id: str = ""  # known once it is decided which version of the file is read
    compressed: bool = False  # on disk the path ends in .zst; its bytes are those it unpacks to

    @property
    def on_disk(self) -> str:
        """Return the path that can be opened."""
        return self.path + PACKED if self.compressed else self.path

    @property
    def whole(self) -> bool:
        """Whether the file is one record rather than a record a line."""
        return self.kind in ("tool_output", "paste", "metadata")

    @property
    def as_text(self) -> bool:
        """Whether its one record is text rather than JSON."""
        return self.kind in ("tool_output", "paste")


def classify(path: str) -> SourceFile | None:
    """Say what a path holds by its name and folder, or None when it is nothing of ours.

    >>> classify("/c/projects/p/0a.jsonl")
    SourceFile(source='claude', path='/c/projects/p/0a.jsonl', kind='transcript', \
session_id='0a', agent_id=None, file_id='', compressed=False)
    >>> f = classify("/c/projects/p/0a/subagents/workflows/wf_1/agent-7.jsonl")
    >>> f.kind, f.session_id, f.agent_id
    ('subagent', '0a', '7')
    >>> f = classify("/c/projects/p/0a/tool-results/toolu_1.txt")
    >>> f.kind, f.session_id, f.whole
    ('tool_output', '0a', True)
    >>> f = classify("/x/rollout-T09-019fc8be-3658-7ca3-9e29-000000000000.jsonl.zst")
    >>> f.source, f.session_id, f.compressed, f.path.endswith(".jsonl")
    ('codex', '019fc8be-3658-7ca3-9e29-000000000000', True, True)
    >>> classify("/x/memory_turns.jsonl").source, classify("/x/memory_turns.jsonl").kind
    ('supabase', 'memory')
    >>> classify("/x/.codex/history.jsonl").source, classify("/c/verbose.jsonl").source
    ('codex_history', 'verbose')
    >>> at = "/d/Claude/local-agent-mode-sessions/1/2/local_3/"
    >>> classify(at + ".claude/projects/p/0a.jsonl").source, classify(at + "audit.jsonl")
    ('claude_cowork', None)
    """
    folder, name = os.path.split(stored_path(path))
    parts = folder.split(os.sep)
    if any(part in DESKTOP for part in parts):
        return desktop(path, name, parts)
    if name.endswith(".txt") and parts[-1] == "paste-cache":
        return SourceFile("claude_history", path, "paste", f"paste:{name[:-4]}")
    if match := ROLLOUT.fullmatch(name):
        plain = path.removesuffix(PACKED)
        return SourceFile("codex", plain, "transcript", match[1], compressed=plain != path)
    if name in PROMPT_LOGS:
        return SourceFile(PROMPT_LOGS[name], path, "log")
    if name == "history.jsonl":
        return SourceFile("codex_history" if codex(parts) else "claude_history", path, "log")
    if not BY_UUID.fullmatch(name) and (kind := kind_of(name)):
        return SourceFile("supabase", path, kind)
    return claude(path, name, parts)


def claude(path: str, name: str, parts: list[str], source: str = "claude") -> SourceFile | None:
    """Say what a file among Claude Code's own is."""
    if name.endswith(".jsonl"):
        if name.startswith("agent-"):
            return SourceFile(source, path, "subagent", owner(parts), name[6:-6])
        if name in OTHER_LOGS:
            return None
        return SourceFile(source, path, "transcript", name[:-6])
    if name.endswith(".meta.json") and name.startswith("agent-"):
        return SourceFile(source, path, "metadata", owner(parts), name[6:-10])
    if name.endswith(".txt") and parts[-1] == "tool-results":
        return SourceFile(source, path, "tool_output", parts[-2] if len(parts) > 1 else None)
    return None


def desktop(path: str, name: str, parts: list[str]) -> SourceFile | None:
    """Say what a file of Claude Desktop is: a transcript that Cowork keeps, or a word about one.

    `audit.jsonl` says in another spelling what the transcript says, and is never read.
    """
    if name.startswith("local_") and name.endswith(".json"):
        return SourceFile("claude_cowork" if COWORK in parts else "claude", path, "metadata")
    if COWORK in parts and "projects" in parts and ".claude" in parts:
        return claude(path, name, parts, "claude_cowork")
    return None


def codex(parts: list[str]) -> bool:
    """Say whether a folder is Codex's home: it is called so, or CODEX_HOME names it."""
    home = os.environ.get("CODEX_HOME", "").rstrip(os.sep)
    return "codex" in parts[-1].lower() or (bool(home) and os.sep.join(parts) == home)


def stored_path(path: str) -> str:
    """Return a path as text a database can hold: bytes that are not UTF-8 become escapes."""
    if path.isascii():
        return path
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def owner(parts: list[str]) -> str | None:
    """Return the session that a `subagents` folder belongs to."""
    at = len(parts) - 1 - parts[::-1].index("subagents") if "subagents" in parts else 0
    return parts[at - 1] if at > 0 else None
