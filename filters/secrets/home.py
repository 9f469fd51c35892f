"""What a home keeps for redaction: the salt of stored hashes, and a person's own list of words."""

import os
import tempfile
from pathlib import Path

from warehouse.errors import AgpError
from warehouse.home import agp_home

SALT_BYTES = 32


def home_salt(home: Path | None = None) -> bytes:
    """Return the salt of this home, made at first use and readable by its owner alone.

    It is written aside and linked into place, so that it is there whole or not at all, and two
    processes that begin together agree on one.
    """
    path = (home or agp_home()) / "salt"
    if not path.exists():
        make_salt(path)
    salt = path.read_bytes()
    if len(salt) < SALT_BYTES:
        raise AgpError(f"{path} is cut short ({len(salt)} bytes); delete it, and a new one is made")
    return salt


def make_salt(path: Path) -> None:
    """Make a salt file, unless another process is quicker."""
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(prefix="salt-", suffix=".part", dir=path.parent)  # 0600
    part = Path(name)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(os.urandom(SALT_BYTES))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(part, path)
        except FileExistsError:
            pass
        except OSError:  # a file system without links
            part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def home_literals(home: Path | None = None) -> list[str]:
    """Return the person's own words to replace: `literals.txt` in the home, one a line.

    A line that begins with # is a comment; a word of fewer than three characters is passed over.
    AgpError where the file is not UTF-8: its words would be found nowhere.
    """
    path = (home or agp_home()) / "literals.txt"
    if not path.exists():
        return []
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except UnicodeDecodeError as error:
        raise AgpError(f"{path} is not UTF-8 (byte {error.start:,}); save it as UTF-8") from None
    return [line.strip() for line in lines if line.strip() and not line.startswith("#")]
