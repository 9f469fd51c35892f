"""Telling systemd or launchd of a timer, and of its end: hours in, files written or removed."""

import os
import shutil
import subprocess
from pathlib import Path

from lanes.schedule.units import KINDS, LABEL, NAME, kind_here, units
from warehouse.errors import AgpError

TIMER = f"{NAME}.timer"
LATEST = 30  # seconds that a system is given to answer


def install(hours: int, files_only: bool = False) -> list[Path]:
    """Write the files and have the system take them up; return their paths."""
    kind = kind_here()
    wanted = units(kind, hours)
    if not files_only:
        before = steps(kind, wanted, start=False)  # refuses where there is no such program
        if kind == "launchd" and any(path.exists() for path in wanted):
            tell(before[0], must=False)  # it takes up no label that it has
    for path, text in wanted.items():
        write(path, text)
    if not files_only:
        for step in steps(kind, wanted, start=True):
            tell(step)
    return list(wanted)


def remove(files_only: bool = False) -> list[Path]:
    """Have the system forget the timer and remove its files; return those that were there."""
    kind = kind_here()
    there = [path for path in units(kind, 1) if path.exists()]
    if there and not files_only:
        for step in steps(kind, dict.fromkeys(there, ""), start=False)[:1]:
            tell(step, must=False)
    for path in there:
        path.unlink()
    if there and not files_only and kind == "systemd":
        tell(["systemctl", "--user", "daemon-reload"], must=False)
    return there


def installed() -> Path | None:
    """Return the file by which this machine runs `agp ingest` by itself, if there is one."""
    paths = [path for kind in KINDS for path in units(kind, 1) if path.suffix != ".service"]
    return next((path for path in paths if path.exists()), None)


def steps(kind: str, files: dict[Path, str], start: bool) -> list[list[str]]:
    """Return the commands that make a timer start, or stop; AgpError where there is no such system.

    >>> steps("systemd", {}, start=False)[0][2:]
    ['disable', '--now', 'agp-ingest.timer']
    """
    program = "launchctl" if kind == "launchd" else "systemctl"
    if shutil.which(program) is None:
        raise AgpError(
            f"this machine has no {program}; run `agp ingest` from a timer of your own (cron, a "
            "task of the desktop), or write the files with --files-only"
        )
    if kind == "launchd":
        mine = f"gui/{os.getuid()}"
        stop = [program, "bootout", f"{mine}/{LABEL}"]
        return [[program, "bootstrap", mine, str(next(iter(files), ""))]] if start else [stop]
    if start:
        begin = [program, "--user", "enable", "--now", TIMER]
        return [[program, "--user", "daemon-reload"], begin]
    return [[program, "--user", "disable", "--now", TIMER]]


def tell(step: list[str], must: bool = True) -> None:
    """Run a command; AgpError where it `must` work and does not."""
    try:
        done = subprocess.run(step, capture_output=True, text=True, timeout=LATEST, check=False)
        failed, said = done.returncode != 0, (done.stderr or done.stdout).strip()
    except (OSError, subprocess.TimeoutExpired) as error:
        failed, said = True, str(error)
    if failed and must:
        why = (said.splitlines() or ["it said nothing"])[0][:160]
        raise AgpError(
            f"the files are written, but `{' '.join(step)}` failed ({why}); run it in a session "
            "of your own, or take them back with `agp schedule remove`"
        )


def write(path: Path, text: str) -> None:
    """Write a file whole, over an earlier one of ours."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(f".{path.name}.{os.getpid()}")
        part.write_text(text, encoding="utf-8")
        os.replace(part, path)
    except OSError as error:
        raise AgpError(f"cannot write {path}: {error.strerror or error}") from None
