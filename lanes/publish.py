"""Publishing: a finished folder in, the build in its place out, whole, whoever dies on the way.

A build is written in a *stage*, a folder beside its target: `build/` will be moved to the target,
`earlier/NAME` is what stood there while the two change places. A process that is killed leaves its
stage; the next build into the same folder first puts an earlier build back if its place is empty,
and then removes the stage. So there is always a complete build at the target or in `earlier/`.
"""

import os
from contextlib import suppress
from pathlib import Path
from shutil import rmtree

from lanes.manifest import read_manifest
from lanes.split import SPLITS
from warehouse.errors import AgpError

PARTIAL = ".partial-"
BUILD, EARLIER, RUBBISH = "build", "earlier", "rubbish"  # folders of a stage
FILES = {
    "README.md",
    "manifest.json",
    *(f"{s}.{kind}" for s in SPLITS for kind in ("jsonl", "parquet")),
}


def staging(parent: Path) -> Path:
    """Return a new stage in a folder; what killed builds left there is put back or removed."""
    try:
        parent.mkdir(parents=True, exist_ok=True)
        for stage in parent.glob(f"{PARTIAL}*"):
            if not alive(stage.name.removeprefix(PARTIAL)):
                clear(stage)
        stage = parent / f"{PARTIAL}{os.getpid()}"
        for name in (BUILD, EARLIER):
            (stage / name).mkdir(parents=True)
    except OSError as error:
        raise AgpError(
            f"{parent} cannot be written to ({error.strerror}); name another folder with --out"
        ) from error
    return stage


def clear(stage: Path) -> None:
    """Put an earlier build back if nothing stands in its place, then remove the stage."""
    earlier = stage / EARLIER
    if earlier.is_dir():
        for build in earlier.iterdir():
            if not (stage.parent / build.name).exists():
                build.rename(stage.parent / build.name)
        earlier.rename(stage / RUBBISH)  # of what is half removed nothing may come back
    if stage.is_dir():
        rmtree(stage, ignore_errors=True)
    else:
        stage.unlink(missing_ok=True)


def alive(pid: str) -> bool:
    """Return whether another process of this number runs.

    >>> alive(str(os.getppid())), alive(str(os.getpid())), alive("none")
    (True, False, False)
    """
    try:
        os.kill(int(pid), 0)
    except (ValueError, ProcessLookupError, OverflowError):
        return False
    except PermissionError:
        return True
    return int(pid) != os.getpid()


def check_target(target: Path) -> None:
    """Refuse to write over anything but an empty folder or an earlier build and nothing else."""
    if not target.is_dir():
        if target.exists():
            raise AgpError(f"{target} is a file; name a folder with --out")
        return
    names = {path.name for path in target.iterdir()} - {".DS_Store"}
    if others := sorted(names - (FILES if is_build(target) else set())):
        raise AgpError(
            f"{target} holds other files ({others[0]}); name an empty or a new folder with --out"
        )


def is_build(folder: Path) -> bool:
    """Return whether a folder holds a manifest of ours."""
    try:
        return bool(read_manifest(folder))
    except AgpError:
        return False


def publish(stage: Path, target: Path) -> None:
    """Move the stage's build to its place; an earlier one there waits in the stage until then."""
    build = stage / BUILD
    for path in (*build.iterdir(), build):
        sync(path)
    check_target(target)
    if target.exists():
        target.rename(stage / EARLIER / target.name)
    build.rename(target)
    sync(target.parent)


def sync(path: Path) -> None:
    """Have the disk hold a file, or the names in a folder, before anything else happens."""
    handle = os.open(path, os.O_RDONLY)
    try:
        with suppress(OSError):  # some file systems cannot for folders
            os.fsync(handle)
    finally:
        os.close(handle)
