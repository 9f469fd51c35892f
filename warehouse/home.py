"""Where things are kept: `$AGP_HOME`, `~/.agp` unless it is set."""

import os
from pathlib import Path


def agp_home() -> Path:
    """Return the home folder; it may not exist yet.

    >>> agp_home().is_absolute()
    True
    """
    return Path(os.environ.get("AGP_HOME") or Path.home() / ".agp").expanduser().absolute()


def warehouse_path() -> Path:
    """Return the path of the warehouse file."""
    return agp_home() / "warehouse.duckdb"
