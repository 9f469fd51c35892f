"""Exporting sessions: ids in, a folder with their transcripts and ATIF documents out, or nothing.

Everything is redacted as it is written, then scanned as another program would read it; where any
detector still fires, nothing is left behind. Nothing leaves the machine.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any, Literal

import duckdb
import orjson

from filters.secrets import Redactor, many_hands
from lanes.build import refuse_secrets
from lanes.publish import BUILD, check_target, clear, publish, staging
from lanes.sources.files import SourceFile
from lanes.traces.atif import document
from lanes.traces.choose import Asked, Session, chosen, files_of, place, plain
from lanes.traces.told import read_session
from lanes.traces.transcript import lines, whole
from warehouse.errors import AgpError

Form = Literal["transcripts", "atif"]
FORMS: tuple[Form, ...] = ("transcripts", "atif")
Advance = Callable[[int, int], None]  # sessions done now, and of how many


@many_hands()
def export(
    con: duckdb.DuckDBPyConnection,
    asked: Asked,
    redactor: Redactor,
    out: Path,
    forms: Iterable[Form] = FORMS,
    advance: Advance = lambda done, total: None,
) -> dict[str, Any]:
    """Write the sessions that were asked for below `out`, a folder that is new or empty."""
    sessions = chosen(con, asked)
    if out.is_dir() and any(out.iterdir()):
        raise AgpError(f"{out} is not empty; name a new folder with --out")
    check_target(out)
    stage = staging(out.parent)
    try:
        found: Counter[str] = Counter(sessions=len(sessions))
        for session in sessions:
            files = files_of(con, session)
            if "atif" in forms:
                found += write_atif(con, session, files, redactor, stage / BUILD / "atif")
            if "transcripts" in forms:
                found += write_files(con, session, files, redactor, stage / BUILD / "transcripts")
            advance(1, len(sessions))
        refuse_secrets(stage / BUILD, redactor.look)
        publish(stage, out)
    finally:
        clear(stage)
    return {
        "path": str(out),
        **found,
        "redactions": dict(sorted(redactor.counts.items())),
    }


def write_files(
    con: duckdb.DuckDBPyConnection,
    session: Session,
    files: Iterable[SourceFile],
    redactor: Redactor,
    folder: Path,
) -> Counter[str]:
    """Write a session's files as they lay, its transcript and what belongs to it."""
    found: Counter[str] = Counter()
    for file in files:
        path = new_path(folder / redactor.text(str(place(file, session))))
        with path.open("wb") as out:
            if file.whole:
                out.write(whole(con, file, redactor))
            else:
                out.writelines(lines(con, file, session.id, redactor))
        found["files"] += 1
    return found


def write_atif(
    con: duckdb.DuckDBPyConnection,
    session: Session,
    files: Iterable[SourceFile],
    redactor: Redactor,
    folder: Path,
) -> Counter[str]:
    """Write a session as one ATIF document; one in which nothing was said makes none."""
    made = document(session, read_session(con, session, [file.file_id for file in files]))
    if made is None:
        return Counter({"without a step": 1})
    path = new_path(folder / redactor.text(f"{plain(session.project)}/{plain(session.id)}.json"))
    path.write_bytes(orjson.dumps(redactor.value(made), option=orjson.OPT_INDENT_2) + b"\n")
    return Counter(documents=1, steps=len(made["steps"]))


def new_path(path: Path) -> Path:
    """Return the path, or one beside it where a file of that name was written before."""
    path.parent.mkdir(parents=True, exist_ok=True)
    number = 2
    while path.exists():
        path = path.with_name(f"{path.stem}-{number}{path.suffix}")
        number += 1
    return path
