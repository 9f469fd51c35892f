"""What the settings of memory tables say, before they are checked: TOML files in, one document out.

The user's own file stands over the bundled one, key by key. Nothing here is slow to import, since
every walk over files asks which of them hold memories.
"""

import tomllib
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Any

from warehouse.errors import AgpError
from warehouse.home import agp_home

ROLES = {"memory": "turns", "memory_edge": "edges", "log": "prompts"}  # kind of file -> table


def own_path() -> Path:
    """Return the user's own file; it need not exist."""
    return agp_home() / "memories.toml"


def document() -> dict[str, Any]:
    """Return the settings as they are written; an error names the file."""
    values = tomllib.loads((files("lanes.memories") / "memories.toml").read_text("utf-8"))
    path = own_path()
    if path.exists():
        try:
            merge(values, tomllib.loads(path.read_text(encoding="utf-8")))
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            raise AgpError(f"{path}: {error}") from None
    return values


def merge(values: dict[str, Any], over: dict[str, Any]) -> None:
    """Put one document over another, key by key.

    >>> values = {"page": 1000, "turns": {"table": "memory_turns", "key": ["id"]}}
    >>> merge(values, {"turns": {"table": "notes"}})
    >>> values
    {'page': 1000, 'turns': {'table': 'notes', 'key': ['id']}}
    """
    for key, value in over.items():
        if isinstance(value, dict) and isinstance(values.get(key), dict):
            merge(values[key], value)
        else:
            values[key] = value


def kind_of(name: str) -> str | None:
    """Return what a file of this name holds, if it is called after one of the tables.

    >>> kind_of("memory_turns.jsonl"), kind_of("notes.jsonl")
    ('memory', None)
    """
    return _kinds(*stamp()).get(name)


def stamp() -> tuple[Path, int]:
    """Return what the document depends on: the user's file and when it was written."""
    path = own_path()
    try:
        return path, path.stat().st_mtime_ns
    except OSError:
        return path, 0


@cache
def _kinds(path: Path, changed: int) -> dict[str, str]:
    found = document()
    return {f"{found[role]['table']}.jsonl": kind for kind, role in ROLES.items()}
