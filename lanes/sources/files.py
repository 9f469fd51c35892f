"""Where transcripts lie: folders and files in, a `SourceFile` for each worth reading out."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from warehouse.errors import AgpError

# Logs of other shapes that may lie beside transcripts; they are not Claude Code's own.
OTHER_LOGS = {
    "history.jsonl",
    "prompts-all.jsonl",
    "verbose-all.jsonl",
    "verbose.jsonl",
    "audit.jsonl",
}


@dataclass(slots=True)
class SourceFile:
    """A file to read, and what its place says about it.

    `kind` is transcript or subagent (a record a line), tool_output (one record: its whole text, as
    a `str`; the stem of the path is the tool call's id) or metadata (one record: its JSON).
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

    @property
    def whole(self) -> bool:
        """Whether the file is one record rather than a record a line."""
        return self.kind in ("tool_output", "metadata")


@dataclass(slots=True)
class Found:
    """What a walk found: files with their stat, and places it may not enter, with the reason."""

    roots: list[str] = field(default_factory=list)
    files: list[tuple[SourceFile, os.stat_result]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def classify(path: str) -> SourceFile | None:
    """Say what a path holds by its name and folder, or None when it is nothing of ours.

    >>> classify("/c/projects/p/0a.jsonl")
    SourceFile(source='claude', path='/c/projects/p/0a.jsonl', kind='transcript', \
session_id='0a', agent_id=None, file_id='')
    >>> f = classify("/c/projects/p/0a/subagents/workflows/wf_1/agent-7.jsonl")
    >>> f.kind, f.session_id, f.agent_id
    ('subagent', '0a', '7')
    >>> f = classify("/c/projects/p/0a/tool-results/toolu_1.txt")
    >>> f.kind, f.session_id, f.whole
    ('tool_output', '0a', True)
    >>> classify("/c/history.jsonl")
    """
    folder, name = os.path.split(stored_path(path))
    parts = folder.split(os.sep)
    if name.endswith(".jsonl"):
        if name.startswith("agent-"):
            return SourceFile("claude", path, "subagent", owner(parts), name[6:-6])
        if name in OTHER_LOGS or name.startswith("rollout-"):
            return None
        return SourceFile("claude", path, "transcript", name[:-6])
    if name.endswith(".meta.json") and name.startswith("agent-"):
        return SourceFile("claude", path, "metadata", owner(parts), name[6:-10])
    if name.endswith(".txt") and parts[-1] == "tool-results":
        return SourceFile("claude", path, "tool_output", parts[-2] if len(parts) > 1 else None)
    return None


def stored_path(path: str) -> str:
    """Return a path as text a database can hold: bytes that are not UTF-8 become escapes."""
    return path.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")


def owner(parts: list[str]) -> str | None:
    """Return the session that a `subagents` folder belongs to."""
    at = len(parts) - 1 - parts[::-1].index("subagents") if "subagents" in parts else 0
    return parts[at - 1] if at > 0 else None


def default_roots() -> list[Path]:
    """Return the folders where Claude Code keeps transcripts on this machine."""
    homes = [Path.home() / ".claude"]
    if os.environ.get("CLAUDE_CONFIG_DIR"):
        homes.append(Path(os.environ["CLAUDE_CONFIG_DIR"]).expanduser())
    return list(dict.fromkeys(home.absolute() / "projects" for home in homes))


def discover(paths: Iterable[str | Path] = ()) -> Found:
    """Find every file to read below the given paths, or in the usual places when none is given."""
    found, named = Found(), [Path(p).expanduser().absolute() for p in paths]
    for path in named:
        if not os.path.lexists(path):
            raise AgpError(f"there is nothing at {path}; give a folder or a transcript")
    seen: set[tuple[int, int]] = set()
    links: list[SourceFile] = []
    for root in named or default_roots():
        found.roots.append(str(root))
        for path in [str(root)] if root.is_file() else walk(root, seen, found):
            file = classify(path)
            if file and os.path.islink(path):
                links.append(file)
            elif file:
                add(file, seen, found)
    # A link to a file that is found anyway would be the same records twice, so links come last.
    for file in links:
        add(file, seen, found)
    return found


def walk(root: Path, folders: set[tuple[int, int]], found: Found) -> Iterator[str]:
    """Yield the paths below a folder in a fixed order; links are followed, never round a loop."""
    if (root / "projects").is_dir():  # a Claude home: what lies beside `projects` is not sessions
        root = root / "projects"

    def refuse(error: OSError) -> None:
        if not isinstance(error, FileNotFoundError):
            found.unreadable.append((str(error.filename), error.strerror or "cannot be read"))

    for folder, below, names in os.walk(root, onerror=refuse, followlinks=True):
        try:
            stat = os.stat(folder)
        except OSError as error:
            refuse(error)
            below.clear()
            continue
        if (stat.st_dev, stat.st_ino) in folders:
            below.clear()
            continue
        folders.add((stat.st_dev, stat.st_ino))
        below.sort()
        yield from (os.path.join(folder, name) for name in sorted(names))


def add(file: SourceFile, seen: set[tuple[int, int]], found: Found) -> None:
    """Add a file with its stat, unless it is none, gone since, or the same one by another name."""
    try:
        stat = os.stat(file.path)
    except FileNotFoundError:
        return
    except OSError as error:
        found.unreadable.append((file.path, error.strerror or "cannot be read"))
        return
    key = (stat.st_dev, stat.st_ino)
    if os.path.isfile(file.path) and not (os.path.islink(file.path) and key in seen):
        seen.add(key)
        found.files.append((file, stat))
