"""Writing files back: kept files in, what became of each out. No file that stands is touched."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import duckdb

from lanes.restore.place import Refused, target_of
from lanes.restore.wanted import Kept, standing
from warehouse.payloads import file_bytes

WRITTEN, THERE, OTHER, REFUSED = "written", "there", "other", "refused"


@dataclass(frozen=True)
class Given:
    """What became of a file: written, there already, another one in its place, or refused."""

    session_id: str | None
    path: str
    kind: str
    bytes: int
    state: str
    why: str | None = None
    missing: int = 0  # bytes of a last line that was still being written when it was last read


def give_back(
    con: duckdb.DuckDBPyConnection, file: Kept, to: Path | None, touch: bool = False
) -> Given:
    """Write a file back byte for byte, with its time (or, to `touch`, that of now)."""
    missing = 0 if file.path.endswith(".zst") else max(0, file.size - file.length)
    path = Path(file.path)
    try:
        bound, path = target_of(file, to)
        if taken := standing(path):
            state = THERE if same(taken, file) else OTHER
            why = None if state == THERE else "another file stands there, and was left as it is"
            return Given(file.session_id, str(taken), file.kind, file.length, state, why)
        write(con, file, path, bound, None if touch else file.mtime_ns)
    except Refused as reason:
        return Given(file.session_id, file.path, file.kind, file.length, REFUSED, str(reason))
    except FileExistsError:
        why = "a file came to stand there meanwhile"
        return Given(file.session_id, str(path), file.kind, file.length, OTHER, why)
    except OSError as error:
        why = f"it cannot be written: {error.strerror or error}"
        return Given(file.session_id, str(path), file.kind, file.length, REFUSED, why)
    return Given(file.session_id, str(path), file.kind, file.length, WRITTEN, missing=missing)


def note_present(con: duckdb.DuckDBPyConnection, file_ids: Sequence[str]) -> None:
    """Note that files stand in their place again, as the next ingest would."""
    con.execute(
        "update files set state = 'present', gone_at = null "
        "where state = 'gone' and file_id in (select unnest(?::varchar[]))",
        [list(file_ids)],
    )


def same(path: Path, file: Kept) -> bool:
    """Say whether a file holds what was kept, or has grown from it."""
    if not path.is_file() or path.suffix == ".zst":
        return path.suffix == ".zst"
    digest = sha256()
    with path.open("rb") as source:
        left = file.length
        while left and (piece := source.read(min(left, 1 << 20))):
            digest.update(piece)
            left -= len(piece)
    return digest.digest() == file.sha256


def write(
    con: duckdb.DuckDBPyConnection, file: Kept, path: Path, bound: Path, mtime_ns: int | None
) -> None:
    """Write a file whole or not at all: beside its place first, checked, then linked there."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.parent.resolve().is_relative_to(bound.resolve()):
        raise Refused("a link in its way leads elsewhere")
    part = path.parent / f".{path.name}.{os.getpid()}.part"
    handle = os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        digest = sha256()
        with os.fdopen(handle, "wb") as out:
            for piece in file_bytes(con, file.file_id):
                digest.update(piece)
                out.write(piece)
            out.flush()
            os.fsync(out.fileno())
        if digest.digest() != file.sha256:
            raise Refused("its bytes here are damaged; `agp warehouse verify` says where")
        if mtime_ns is not None:
            os.utime(part, ns=(mtime_ns, mtime_ns))
        place(part, path)
    except ValueError as error:
        raise Refused(f"its bytes here are damaged: {error}") from None
    finally:
        part.unlink(missing_ok=True)


def place(part: Path, path: Path) -> None:
    """Give a written file its name; FileExistsError where that is taken."""
    try:
        os.link(part, path)
    except FileExistsError:
        raise
    except OSError:  # a file system without links: the name is taken first, then filled
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
        os.replace(part, path)
