"""Which sessions are exported: ids, a project or a day in, sessions with their files out."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import PurePath

import duckdb

from lanes.sources.files import SourceFile
from warehouse.errors import AgpError
from warehouse.statements import statement


@dataclass(frozen=True)
class Session:
    """A session of the warehouse; `parent_id` is the one it was forked or resumed from."""

    id: str
    agent: str
    project: str
    version: str | None
    title: str | None
    parent_id: str | None


@dataclass(frozen=True)
class Asked:
    """What was asked for; what is empty asks for nothing, and several narrow each other down."""

    sessions: Sequence[str] = ()  # ids, or how they begin
    project: str | None = None
    since: date | None = None


def chosen(con: duckdb.DuckDBPyConnection, asked: Asked) -> list[Session]:
    """Return the sessions that fit; none, or an id that fits none, is an error."""
    if not (asked.sessions or asked.project or asked.since):
        raise AgpError("say which sessions: --session ID, --project NAME or --since DATE")
    values = {"sessions": list(asked.sessions), "project": asked.project, "since": asked.since}
    rows = con.execute(statement("lanes.traces", "choose.sql"), values).fetchall()
    found = [Session(*row) for row in rows]
    for name in asked.sessions:
        if not any(session.id.startswith(name) for session in found):
            raise AgpError(f'no session {name} fits; `agp sql "from v_sessions"` lists them')
    if not found:
        raise AgpError('no session fits; `agp sql "from v_sessions"` lists them')
    return found


def files_of(con: duckdb.DuckDBPyConnection, session: Session) -> list[SourceFile]:
    """Return a session's files, its transcript first, in the versions that count."""
    query = statement("lanes.traces", "files.sql")
    rows = con.execute(query, {"session": session.id}).fetchall()
    return [SourceFile(s, path, kind, of, file_id=id) for id, s, path, kind, of in rows]


def place(file: SourceFile, session: Session) -> PurePath:
    """Return where a file is written, below its project: beside others as it lay in the source.

    >>> session = Session("0a", "claude", "garden", None, None, None)
    >>> place(SourceFile("claude", "/h/.claude/projects/-h-garden/0a.jsonl", "transcript"), session)
    PurePosixPath('garden/0a.jsonl')
    >>> beside = "/h/.claude/projects/-h-garden/0a/subagents/agent-7.jsonl"
    >>> place(SourceFile("claude", beside, "subagent", "0a"), session)
    PurePosixPath('garden/0a/subagents/agent-7.jsonl')
    """
    parts = PurePath(file.path).parts
    below = parts[parts.index(session.id) :] if session.id in parts[:-1] else parts[-1:]
    below = (*below[:-1], below[-1].removesuffix(".zst").removesuffix(".gz"))  # written unpacked
    return PurePath(*(plain(part) for part in (session.project, *below)))


def plain(name: str) -> str:
    """Return a name that any file system takes.

    >>> plain("a b/../c:d"), plain("..")
    ('a-b-..-c-d', '-')
    """
    return re.sub(r"[^\w.@-]+", "-", name).lstrip(".") or "-"
