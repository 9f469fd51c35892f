"""Where things are kept: `$AGP_HOME`, `~/.agp` unless it is set."""

import os
from pathlib import Path

from warehouse.errors import AgpError


def agp_home() -> Path:
    """Return the home folder; it may not exist yet. AgpError where something else stands there.

    >>> agp_home().is_absolute()
    True
    """
    home = Path(os.environ.get("AGP_HOME") or Path.home() / ".agp").expanduser().absolute()
    if home.exists() and not home.is_dir():
        raise AgpError(f"{home} is no folder; set AGP_HOME to one")
    return home


def warehouse_path() -> Path:
    """Return the path of the warehouse file."""
    return agp_home() / "warehouse.duckdb"
