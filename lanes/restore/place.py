"""Where a file is given back: its recorded path in, a path that is surely below a folder out.

A recorded path is not trusted: a warehouse may be a copy of another machine's, or a stranger's. A
file goes below a home of an agent on this machine, or below the folder that was named, or nowhere.
"""

from pathlib import Path, PurePath

from lanes.restore.wanted import Kept
from lanes.sources.homes import claude_homes, codex_homes, desktop_homes

TOPS = {
    "claude": ("projects",),
    "claude_cowork": ("projects",),
    "codex": ("sessions", "archived_sessions"),
}


class Refused(Exception):
    """A file that is given back nowhere; the message says why."""


def target_of(file: Kept, to: Path | None) -> tuple[Path, Path]:
    """Return (folder that bounds it, path in it): below `to`, else where the file stood.

    Raises Refused where the path leads elsewhere, by its names or by links that stand in its way.
    """
    if to is not None:
        bound = to.expanduser().absolute()
        path = bound.joinpath(*below(file))
    else:
        path, bound = Path(file.path), home_of(file)
    if not all(sound(part) for part in path.relative_to(bound).parts):
        raise Refused("its recorded path leads out of its folder")
    near = existing(path.parent)
    if near.is_relative_to(bound) and not near.resolve().is_relative_to(bound.resolve()):
        raise Refused("a link in its way leads elsewhere")
    return bound, path


def home_of(file: Kept) -> Path:
    """Return the home of an agent on this machine that a recorded path lies in."""
    homes = codex_homes() if file.source == "codex" else [*claude_homes(), *desktop_homes()]
    for home in homes:
        if PurePath(file.path).is_relative_to(home):
            return home
    raise Refused("it was read from outside of the agents' homes; say where to: --to DIR")


def below(file: Kept) -> tuple[str, ...]:
    """Return the path below an agent's home: `projects/SLUG/...`, `sessions/2026/08/03/...`.

    >>> at = Kept("", "claude", "/h/.claude/projects/-h-g/0a/subagents/agent-7.jsonl", "", "0a",
    ...           0, 0, 0, b"")
    >>> below(at)
    ('projects', '-h-g', '0a', 'subagents', 'agent-7.jsonl')
    >>> below(at._replace(path="/backup/garden/0a.jsonl"))
    ('projects', 'garden', '0a.jsonl')
    """
    parts, tops = PurePath(file.path).parts[1:], TOPS[file.source]
    starts = [i for i, part in enumerate(parts[:-1]) if part in tops]
    if starts:
        return parts[starts[-1] :]
    at = parts.index(file.session_id) if file.session_id in parts[:-1] else len(parts) - 1
    return (tops[0], *parts[max(0, at - 1) :])


def sound(part: str) -> bool:
    """Say whether a part of a path is a plain name.

    >>> sound("0a.jsonl"), sound(".."), sound("a/b"), sound("a\\0")
    (True, False, False, False)
    """
    return part not in ("", ".", "..") and not set(part) & set("/\\\0")


def existing(folder: Path) -> Path:
    """Return the nearest folder above a path that is there."""
    return next(p for p in (folder, *folder.parents) if p.exists())
