"""Where agents keep their history on this machine, and what of a home is worth walking."""

import os
from pathlib import Path

from lanes.sources.files import DESKTOP

CLAUDE = ("history.jsonl", "paste-cache", "prompt-logs", "projects")
BESIDE = ("config.toml", "auth.json", "session_index.jsonl")  # what a copied home of Codex holds
CODEX = ("history.jsonl", "sessions", "archived_sessions")


def homes(usual: str, variable: str) -> list[Path]:
    """Return an agent's usual home and the one that a variable names, both absolute."""
    found = [Path.home() / usual]
    if os.environ.get(variable):
        found.append(Path(os.environ[variable]).expanduser())
    return list(dict.fromkeys(home.absolute() for home in found))


def claude_homes() -> list[Path]:
    """Return the homes of Claude Code."""
    return homes(".claude", "CLAUDE_CONFIG_DIR")


def codex_homes() -> list[Path]:
    """Return the homes of Codex."""
    return homes(".codex", "CODEX_HOME")


def desktop_homes() -> list[Path]:
    """Return the folders of Claude Desktop: where macOS, Linux and Windows keep an app's data."""
    usual = [Path.home() / "Library" / "Application Support", Path.home() / ".config"]
    named = [os.environ[name] for name in ("XDG_CONFIG_HOME", "APPDATA") if os.environ.get(name)]
    found = [*usual, *(Path(name).expanduser() for name in named)]
    return list(dict.fromkeys((folder / "Claude").absolute() for folder in found))


def default_roots() -> list[Path]:
    """Return the folders where Claude Code keeps transcripts on this machine."""
    return [home / "projects" for home in claude_homes()]


def is_codex_home(path: Path) -> bool:
    """Say whether a folder is a home of Codex, by its name, its place or what it holds."""
    known = path.name == ".codex" or path in codex_homes()
    return known or ((path / "sessions").is_dir() and any((path / n).is_file() for n in BESIDE))


def is_claude_home(path: Path) -> bool:
    """Say whether a folder is a home of Claude Code."""
    return path.name == ".claude" or path in claude_homes() or (path / "projects").is_dir()


def parts(root: Path) -> list[Path]:
    """Return what to walk below a folder: of an agent's home its history, else the folder itself.

    What lies beside a home's history (caches, backups, plugins) is not sessions.

    >>> [path.name for path in parts(Path("/nobody/.codex"))]
    ['history.jsonl', 'sessions', 'archived_sessions']
    """
    if is_claude_home(root):
        return [root / name for name in CLAUDE]
    if is_codex_home(root):
        return [root / name for name in CODEX]
    if root in desktop_homes() or (root / DESKTOP[0]).is_dir():
        return [root / name for name in DESKTOP if (root / name).is_dir()]
    return [root]
