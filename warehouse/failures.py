"""What DuckDB and the disk say when the warehouse cannot be opened or written, in one line."""

import errno
import re
import subprocess
from pathlib import Path

import duckdb

from warehouse.errors import AgpError

LOCKED = "Could not set lock on file"
FULL = ("No space left on device", "File too large", "Disk quota exceeded")
DENIED = ("Permission denied", "Read-only file system", "Operation not permitted")
DAMAGED = (
    "not a valid DuckDB database file",
    "Corrupt database file",
    "Could not read enough bytes",
    "Could not read all bytes",
    "Failure while replaying WAL",
    "Is a directory",
    "Input/output error",
)


def is_locked(error: Exception) -> bool:
    """Say whether another process holds the file; it may be free in a moment."""
    return isinstance(error, duckdb.IOException) and LOCKED in str(error)


def explain(error: Exception, path: Path, opening: bool = False) -> AgpError | None:
    """Return the one line for an error about the file at `path`; None: it is about something else.

    While `opening`, every error of DuckDB is about the file.
    """
    text = _text(error)
    if text is None:
        return None
    if LOCKED in text:
        return AgpError(f"{holder(text)} holds {path}; wait until it has ended, or stop it")
    if any(sign in text for sign in FULL):
        return AgpError(f"no room to write {path}; free some space, then run the command again")
    if any(sign in text for sign in DENIED):
        return AgpError(f"no permission to use {path}; mend it, or set AGP_HOME to another folder")
    if "different configuration" in text:
        return AgpError(f"{path} is already open in this process, in another mode")
    if newer := re.search(r"database file with version number \d+", text):
        return AgpError(f"{path} was written by a newer DuckDB ({newer[0]}); update agp")
    if any(sign in text for sign in DAMAGED) or (opening and isinstance(error, duckdb.Error)):
        return damaged(
            path,
            re.sub(rf'(?:[Tt]he )?(?:file )?"{re.escape(str(path))}"', "the file", text)
            .strip()
            .splitlines()[0][:160],
        )
    return None


def damaged(path: Path, reason: str) -> AgpError:
    """Return the line for a file that is not, or no longer, a warehouse."""
    return AgpError(
        f"{path} is damaged or no warehouse, and was left as it is ({reason}); put back a copy "
        "of it, or move it away and run `agp ingest` to read what is still on this machine"
    )


def _text(error: Exception) -> str | None:
    """Return an error's words, if it is one that a file may have caused."""
    if isinstance(error, OSError):
        plain = (errno.ENOSPC, errno.EFBIG, errno.EDQUOT, errno.EACCES, errno.EROFS, errno.EPERM)
        return str(error) if error.errno in plain else None
    return str(error) if isinstance(error, duckdb.Error) else None


def holder(text: str) -> str:
    """Name the process in DuckDB's words about a lock.

    >>> holder("Conflicting lock is held in PID 0")
    'another process'
    """
    found = re.search(r"\(PID (\d+)\)", text)
    if not found:
        return "another process"
    name = command_name(int(found[1]))
    return f"process {found[1]} ({name})" if name else f"process {found[1]}"


def command_name(pid: int) -> str:
    """Return what a process was started as, without paths: `agp ingest`; empty: it has ended."""
    try:
        args = Path(f"/proc/{pid}/cmdline").read_bytes().decode(errors="replace").split("\0")
    except OSError:
        try:  # macOS has no /proc
            done = subprocess.run(
                ["ps", "-o", "args=", "-p", str(pid)], capture_output=True, text=True, check=False
            )
        except OSError:
            return ""
        args = done.stdout.split()
    return short_command([arg for arg in args if arg])


def short_command(args: list[str]) -> str:
    """Shorten a command line: no interpreter, no folders, no long tail.

    >>> short_command(["/v/bin/python3.12", "/v/bin/agp", "ingest"])
    'agp ingest'
    >>> short_command(["python", "-c", "import x"])
    'python -c'
    """
    if len(args) > 1 and "python" in Path(args[0]).name.lower() and not args[1].startswith("-"):
        args = args[1:]
    return " ".join([Path(arg).name for arg in args[:1]] + args[1:2])[:60]
