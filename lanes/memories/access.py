"""Where the memory tables are and with which key: the environment in, checked values out.

Where it names none, a file of the user's own may: a timer has no environment. Keys are never
written by us, and stand in no message.
"""

import os
import re
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from warehouse.errors import AgpError
from warehouse.home import agp_home

URL, KEY, DATABASE = "SUPABASE_URL", "SUPABASE_KEY", "SUPABASE_DB_URL"
NAMES = (URL, KEY, DATABASE)
LOCAL = ("localhost", "127.0.0.1", "::1")
MISSING = (
    f"set {URL} and {KEY} (a project's address and key) or {DATABASE} (the database's own URL), "
    "or give a file of rows: agp ingest memory_turns.jsonl"
)


@dataclass(frozen=True)
class Access:
    """A way to the tables: a project with its key, or the URL of the database itself."""

    host: str
    url: str = field(repr=False)
    key: str | None = field(default=None, repr=False)  # None: `url` is the database's own


def access() -> Access | None:
    """Return the way that the environment names, the database's own first; None: it names none."""
    given = {name: os.environ.get(name, "").strip() for name in NAMES}
    if not any(given.values()):
        given |= kept(own_file())
    if given[DATABASE]:
        return database(given[DATABASE], given[URL])
    if not given[URL] and not given[KEY]:
        return None
    if not given[URL] or not given[KEY]:
        there, lacking = (KEY, URL) if given[KEY] else (URL, KEY)
        raise AgpError(f"{there} is set and {lacking} is not; set both, or neither")
    return Access(host_of(given[URL]), given[URL].rstrip("/"), checked_key(given[KEY]))


def own_file() -> Path:
    """Return the user's own file of these variables; it need not exist."""
    return agp_home() / "supabase.env"


def kept(path: Path) -> dict[str, str]:
    """Return what a file of NAME=VALUE lines says of the way; nothing where there is none."""
    try:
        if path.stat().st_mode & 0o077:
            raise AgpError(f"others may read {path}, which holds a key; run: chmod 600 {path}")
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return {}
    except (OSError, UnicodeDecodeError) as error:
        raise AgpError(
            f"{path} cannot be read: {getattr(error, 'strerror', None) or 'no text'}"
        ) from None
    lines = (line.strip().removeprefix("export ").partition("=") for line in text.split("\n"))
    return {name: value.strip("'\"") for name, _, value in lines if name in NAMES}


def host_of(url: str) -> str:
    """Return the host (and port) of a project's address.

    >>> host_of("https://abc.supabase.co"), host_of("http://127.0.0.1:54321/")
    ('abc.supabase.co', '127.0.0.1:54321')
    """
    if not url.isprintable() or " " in url:
        raise AgpError(f"{URL} has a blank or a line break in it; set it again without")
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise AgpError(f"{URL} is no address; write it as https://PROJECT.supabase.co") from None
    if parts.scheme not in ("http", "https") or not host:
        raise AgpError(f"{URL} has no scheme; write it as https://PROJECT.supabase.co")
    if parts.username or parts.password:
        raise AgpError(f"{URL} holds a name or a password; the key belongs into {KEY}")
    if parts.scheme == "http" and host not in LOCAL:
        raise AgpError(f"{URL} would send the key in the clear; write https:// in place of http://")
    return parts.netloc.lower()


def checked_key(key: str) -> str:
    """Return a key that a header can carry.

    >>> checked_key("sb_secret_1")
    'sb_secret_1'
    """
    if not key.isascii() or not key.isprintable() or " " in key:
        raise AgpError(f"{KEY} has a blank, a line break or a letter that no key has; set it again")
    return key


def database(url: str, address: str = "") -> Access:
    """Return the way to a database by its own URL.

    Its rows are those that the project's address leads to: they go by that host, where it is known.
    """
    try:
        parts = urlsplit(url)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = None, None, None
    if parts is None or parts.scheme not in ("postgres", "postgresql") or not url.isprintable():
        raise AgpError(f"{DATABASE} is no database's URL; write it as postgresql://USER@HOST/NAME")
    if address:
        return Access(host_of(address), url)
    own = f"{host or 'localhost'}{f':{port}' if port else ''}{parts.path}"
    return Access(project_host(host or "", parts.username or "") or own, url)


def project_host(host: str, user: str) -> str | None:
    """Return the host of a project's address by the host, or the user, of its database.

    >>> project_host("db.abc.supabase.co", "postgres")
    'abc.supabase.co'
    >>> project_host("aws-0-eu-west-1.pooler.supabase.com", "postgres.abc")
    'abc.supabase.co'
    """
    if match := re.fullmatch(r"db\.(\w+\.supabase\.co)", host):
        return match[1]
    if host.endswith(".pooler.supabase.com") and "." in user:
        return f"{user.partition('.')[2]}.supabase.co"
    return None
