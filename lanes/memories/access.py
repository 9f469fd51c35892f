"""Where the memory tables are and with which key: the environment in, checked values out.

Keys come from the environment alone, are never stored, and stand in no message.
"""

import os
import re
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from warehouse.errors import AgpError

URL, KEY, DATABASE = "SUPABASE_URL", "SUPABASE_KEY", "SUPABASE_DB_URL"
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
    if os.environ.get(DATABASE, "").strip():
        return database(os.environ[DATABASE].strip())
    url, key = (os.environ.get(name, "").strip() for name in (URL, KEY))
    if not url and not key:
        return None
    if not url or not key:
        there, lacking = (KEY, URL) if key else (URL, KEY)
        raise AgpError(f"{there} is set and {lacking} is not; set both, or neither")
    return Access(host_of(url), url.rstrip("/"), checked_key(key))


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


def database(url: str) -> Access:
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
    if address := os.environ.get(URL, "").strip():
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
