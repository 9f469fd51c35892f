"""Where histories lie: folders and files in, every file worth reading with its stat out."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from stat import S_ISREG

from lanes.sources.files import SourceFile, classify
from lanes.sources.homes import claude_homes, codex_homes, desktop_homes, parts
from warehouse.errors import AgpError


@dataclass(slots=True)
class Found:
    """What a walk found: files with their stat, and places it may not enter, with the reason."""

    roots: list[str] = field(default_factory=list)
    files: list[tuple[SourceFile, os.stat_result]] = field(default_factory=list)
    unreadable: list[tuple[str, str]] = field(default_factory=list)


def discover(paths: Iterable[str | Path] = ()) -> Found:
    """Find every file to read below the given paths, or in the usual places when none is given."""
    found, named = Found(), [Path(p).expanduser().absolute() for p in paths]
    for path in named:
        check(path)
    seen: set[tuple[int, int]] = set()
    links: list[SourceFile] = []
    desktop = [home for home in desktop_homes() if home.is_dir()]
    for root in named or [*claude_homes(), *codex_homes(), *desktop]:
        found.roots.append(str(root))
        for part in parts(root):
            alone = [(str(part), part.is_symlink())] if part.is_file() else None
            for path, link in alone or walk(part, seen, found):
                file = classify(path)
                if file and link:
                    links.append(file)
                elif file:
                    add(file, seen, found)
    # A link to a file that is found anyway would be the same records twice, so links come last.
    for file in links:
        add(file, seen, found)
    # For a moment a file stands packed and plain side by side: it is one.
    plain = {file.path for file, _ in found.files if not file.compressed}
    found.files = [(f, stat) for f, stat in found.files if not (f.compressed and f.path in plain)]
    return found


def check(path: Path) -> None:
    """Raise where a path that was named is not there, or is a file of no source."""
    if not os.path.lexists(path):
        raise AgpError(f"there is nothing at {path}; give a folder or a transcript")
    if path.is_file() and classify(str(path)) is None:
        raise AgpError(
            f"no source has files like {path}; give a transcript (*.jsonl), or the folder that it "
            "lies in (docs/sources.md lists what is read)"
        )


def walk(root: Path, folders: set[tuple[int, int]], found: Found) -> Iterator[tuple[str, bool]]:
    """Yield (path, is a link) of what lies below a folder in a fixed order.

    Links are followed, never round a loop. What a listing says of an entry costs no question of
    its own, which among thousands of files is half of the walk.
    """
    left = [os.fspath(root)]
    while left:
        folder = left.pop()
        try:
            stat = os.stat(folder)
            with os.scandir(folder) as listed:
                entries = sorted(listed, key=lambda entry: entry.name)
        except FileNotFoundError:
            continue
        except OSError as error:
            found.unreadable.append((str(error.filename), error.strerror or "cannot be read"))
            continue
        if (stat.st_dev, stat.st_ino) in folders:
            continue
        folders.add((stat.st_dev, stat.st_ino))
        below: list[str] = []
        for entry in entries:
            if is_folder(entry):
                below.append(entry.path)
            else:
                yield entry.path, entry.is_symlink()
        left += reversed(below)


def is_folder(entry: "os.DirEntry[str]") -> bool:
    """Say whether an entry is a folder or a link to one; a link that cannot be followed is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def add(file: SourceFile, seen: set[tuple[int, int]], found: Found) -> None:
    """Add a file with its stat, unless it is none, gone since, or the same one by another name."""
    try:
        stat = os.stat(file.on_disk)
    except FileNotFoundError:
        return
    except OSError as error:
        found.unreadable.append((file.on_disk, error.strerror or "cannot be read"))
        return
    key = (stat.st_dev, stat.st_ino)
    if S_ISREG(stat.st_mode) and not (key in seen and os.path.islink(file.on_disk)):
        seen.add(key)
        found.files.append((file, stat))
