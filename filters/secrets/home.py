"""What a home keeps for redaction: the salt of stored hashes, and a person's own list of words."""

import os
from pathlib import Path

from warehouse.home import agp_home


def home_salt(home: Path | None = None) -> bytes:
    """Return the salt of this home, made at first use and readable by its owner alone."""
    path = (home or agp_home()) / "salt"
    path.parent.mkdir(parents=True, exist_ok=True)
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(handle, "wb") as file:
        file.write(salt := os.urandom(32))
    return salt


def home_literals(home: Path | None = None) -> list[str]:
    """Return the person's own words to replace: `literals.txt` in the home, one a line.

    A line that begins with # is a comment; a word of fewer than three characters is passed over.
    """
    path = (home or agp_home()) / "literals.txt"
    if not path.exists():
        return []
    lines = path.read_text(encoding="utf-8", errors="surrogateescape").splitlines()
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
