"""What tells systemd or launchd to run `agp ingest`: hours in, the text of files out."""

import os
import plistlib
import sys
from importlib.resources import files
from pathlib import Path

from warehouse.errors import AgpError
from warehouse.home import agp_home

NAME, LABEL = "agp-ingest", "dev.agp.ingest"
KINDS = ("systemd", "launchd")
EVERY = ("1", "2", "3", "4", "6", "8", "12", "24")  # hours that a day can be cut into
HANDED = ("AGP_HOME", "CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME")  # places, never keys


def kind_here() -> str:
    """Return which of the two this machine has."""
    return "launchd" if sys.platform == "darwin" else "systemd"


def units(kind: str, hours: int) -> dict[Path, str]:
    """Return the text of each file by the path where the system looks for it."""
    if kind == "launchd":
        path = Path.home() / "Library" / "LaunchAgents" / f"{LABEL}.plist"
        return {path: plistlib.dumps(agent(hours)).decode()}
    config = Path(os.environ.get("XDG_CONFIG_HOME") or Path.home() / ".config")
    folder = config.expanduser().absolute() / "systemd" / "user"
    words = " ".join(quoted(word) for word in command())
    places = "\n".join(f"Environment={quoted(f'{n}={v}')}" for n, v in environment().items())
    return {
        folder / f"{NAME}.{ending}": template(ending)
        .replace("@COMMAND@", words)
        .replace("@ENVIRONMENT@\n", f"{places}\n" if places else "")
        .replace("@HOUR@", "00" if hours == 24 else f"00/{hours}")
        .replace("@HOURS@", str(hours))
        for ending in ("service", "timer")
    }


def template(ending: str) -> str:
    """Return the text that a unit is made of."""
    return (files("lanes.schedule") / f"ingest.{ending}").read_text(encoding="utf-8")


def agent(hours: int) -> dict[str, object]:
    """Return the property list of a launchd agent; what it says goes to a file in AGP's folder."""
    return {
        "Label": LABEL,
        "ProgramArguments": command(),
        "EnvironmentVariables": environment(),
        "StartInterval": hours * 3600,
        "RunAtLoad": True,
        "ProcessType": "Background",
        "LowPriorityIO": True,
        "StandardOutPath": str(agp_home() / "schedule.log"),
        "StandardErrorPath": str(agp_home() / "schedule.log"),
    }


def command() -> list[str]:
    """Return the command that a timer runs, by the interpreter that runs this."""
    return [sys.executable, "-P", "-m", "agp", "ingest", "--json"]


def environment() -> dict[str, str]:
    """Return the places that are set here and that a timer would not know."""
    given = {name: os.environ[name] for name in HANDED if os.environ.get(name)}
    for name, value in given.items():
        if not value.isprintable():
            raise AgpError(f"{name} holds a character that no timer can be given; set it anew")
    return given


def quoted(word: str) -> str:
    r"""Return a word as systemd reads it back: quotes, backslashes, `%` and `$` taken literally.

    >>> quoted('/a b/100%'), quoted('say "$x"')
    ('"/a b/100%%"', '"say \\"$$x\\""')
    """
    plain = word.replace("\\", "\\\\").replace('"', '\\"').replace("%", "%%").replace("$", "$$")
    return f'"{plain}"'
