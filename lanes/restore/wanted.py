"""Which files are to be given back: session ids in, what the warehouse keeps of them out."""

import os
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
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
    gone_at: datetime | None  # when an ingest first missed it; None: it is gone since


NEWEST = """select file_id, path, state from files
where state <> 'rewritten' and source in ('claude', 'claude_cowork', 'codex')"""


def absent(con: duckdb.DuckDBPyConnection) -> list[str]:
    """Return the files that do not stand in their place now, whatever the last ingest saw.

    A name that is no text is recorded with escapes; there only an ingest could look.
    """
    return [
        file_id
        for file_id, path, state in con.execute(NEWEST).fetchall()
        if (state == "gone" or "\\" not in path) and standing(Path(path)) is None
    ]


def standing(path: Path) -> Path | None:
    """Return what stands at a path, plain or packed."""
    return next((p for p in (path, Path(f"{path}.zst")) if os.path.lexists(p)), None)


def gone(con: duckdb.DuckDBPyConnection) -> tuple[list[Gone], int]:
    """Return the sessions that can be given back, the last to speak first, and of how many other
    files that are gone no transcript is."""
    missing = absent(con)
    query = statement("lanes.restore", "gone.sql")
    found = [Gone(*row) for row in con.execute(query, {"absent": missing}).fetchall()]
    return found, len(missing) - sum(session.files for session in found)


def kept(con: duckdb.DuckDBPyConnection) -> bool:
    """Say whether there is any transcript that could be given back one day."""
    return bool(con.execute(f"{NEWEST} and kind = 'transcript' limit 1").fetchall())


def wanted(con: duckdb.DuckDBPyConnection, sessions: Sequence[str] | None) -> list[Kept]:
    """Return the files of sessions, named by ids or how these begin; None: all that are gone."""
    names = None if sessions is None else [whole(con, name) for name in sessions]
    values = {"sessions": names, "absent": absent(con) if names is None else []}
    query = statement("lanes.restore", "wanted.sql")
    return [Kept(*row) for row in con.execute(query, values).fetchall()]


def whole(con: duckdb.DuckDBPyConnection, name: str) -> str:
    """Return the one session whose id is, or begins with, a name."""
    found = con.execute(
        "select distinct session_id from files where kind = 'transcript' and session_id = $name "
        "or length($name) >= $least and kind = 'transcript' and starts_with(session_id, $name) "
        "order by session_id <> $name, session_id",
        {"name": name, "least": SHORTEST},
    ).fetchall()
    if not found and len(name) < SHORTEST:
        raise AgpError(f"{name} is too short for a session; give {SHORTEST} characters or more")
    if not found:
        raise AgpError(
            f"no transcript of a session {name} is kept; `agp restore` lists those that are gone, "
            '`agp sql "from v_sessions"` all'
        )
    if len(found) > 1 and found[0][0] != name:
        some = ", ".join(row[0] for row in found[:3])
        raise AgpError(f"{name} may be one of several sessions: {some}; give more of it")
    return found[0][0]
