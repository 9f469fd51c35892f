"""Which files are to be given back: session ids in, what the warehouse keeps of them out."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import duckdb

from warehouse.errors import AgpError
from warehouse.statements import statement

SHORTEST = 6  # characters of an id that may stand for it


class Kept(NamedTuple):
    """A file as it was when it was last read."""

    file_id: str
    source: str
    path: str
    kind: str
    session_id: str | None
    length: int
    size: int  # on disk; above `length` where a last line was still being written
    mtime_ns: int
    sha256: bytes


class Gone(NamedTuple):
    """A session whose transcript is no longer there."""

    session_id: str
    title: str | None
    project: str | None
    ended_at: datetime | None
    bytes: int
    files: int
    gone_at: datetime


def gone(con: duckdb.DuckDBPyConnection) -> list[Gone]:
    """Return the sessions that can be given back, the last to speak first."""
    return [Gone(*row) for row in con.execute(statement("lanes.restore", "gone.sql")).fetchall()]


def wanted(con: duckdb.DuckDBPyConnection, sessions: Sequence[str] | None) -> list[Kept]:
    """Return the files of sessions, named by ids or how these begin; None: all that are gone."""
    names = None if sessions is None else [whole(con, name) for name in sessions]
    query = statement("lanes.restore", "wanted.sql")
    return [Kept(*row) for row in con.execute(query, {"sessions": names}).fetchall()]


def whole(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the one session whose id is, or begins with, a name."""
    found = con.execute(
        "select distinct session_id from files where kind = 'transcript' and session_id = $name "
        "or length($name) >= $least and kind = 'transcript' and starts_with(session_id, $name) "
        "order by session_id <> $name, session_id",
        {"name": name, "least": SHORTEST},
    ).fetchall()
    if not found:
        raise AgpError(
            f"no transcript of a session {name} is kept; `agp restore` lists those that are gone, "
            '`agp sql "from v_sessions"` all'
        )
    if len(found) > 1 and found[0][0] != name:
        some = ", ".join(row[0] for row in found[:3])
        raise AgpError(f"{name} may be one of several sessions: {some}; give more of it")
    return found[0][0]
