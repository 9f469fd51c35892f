"""Publishing: a finished temporary folder in, the build in its place out, all or nothing."""

import os
import shutil
from pathlib import Path

from warehouse.errors import AgpError

PARTIAL = ".partial-"


def staging(parent: Path) -> Path:
    """Return a new empty folder beside the target; what killed builds left there is removed."""
    parent.mkdir(parents=True, exist_ok=True)
    for stale in parent.glob(f"{PARTIAL}*"):
        if not alive(stale.name.removeprefix(PARTIAL).partition("-")[0]):
            remove(stale)
    folder = parent / f"{PARTIAL}{os.getpid()}"
    remove(folder)
    folder.mkdir()
    return folder


def remove(path: Path) -> None:
    """Remove a file or a folder with all in it, if it is there."""
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def alive(pid: str) -> bool:
    """Return whether a process of this number runs.

    >>> alive(str(os.getpid())), alive("none")
    (True, False)
    """
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return True


def check_target(target: Path) -> None:
    """Refuse to write over anything but an empty folder or an earlier build."""
    if target.exists() and not target.is_dir():
        raise AgpError(f"{target} is a file; name a folder with --out")
    if target.is_dir() and any(target.iterdir()) and not (target / "manifest.json").exists():
        raise AgpError(f"{target} holds other files; name an empty or a new folder with --out")


def publish(folder: Path, target: Path) -> None:
    """Move a finished folder to its place; an earlier build there goes."""
    for path in folder.iterdir():
        with path.open("rb") as stream:
            os.fsync(stream.fileno())
    check_target(target)
    old = target.parent / f"{folder.name}-old"
    if target.exists():
        target.rename(old)
    folder.rename(target)
    remove(old)
