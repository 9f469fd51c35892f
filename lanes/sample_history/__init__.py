"""A realistic history of our own writing, for the demo, the tests and the docs.

Mira, who does not exist, works with a coding agent for fourteen months on six projects. The tree
holds what such trees really hold: several client versions, noise of every kind, planted (fake)
secrets, duplicates, forks, subagents and broken lines. The repository holds the substance
(content/*.toml) and the code that writes it out; the same bytes come out each time.
"""

from pathlib import Path
from typing import Any


def copy_to(home: Path) -> None:
    """Lay the tree below home/.claude."""
    from lanes.sample_history.write import history

    for name, data in history()[0].items():
        path = home / ".claude" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)


def truth() -> dict[str, Any]:
    """Return what is true of the tree: prompts, noise, duplicates, secrets, forks, broken lines."""
    from lanes.sample_history.write import history

    return history()[1].as_dict()
