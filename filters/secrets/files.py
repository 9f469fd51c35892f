"""Written files come in (JSONL, JSON, Parquet, anything else as text); findings with places go out.

This is the check after a build: it reads what was written, as another program would.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import orjson

from filters.secrets.finding import ALL, Look
from filters.secrets.hands import many_hands
from filters.secrets.many import scan_many
from filters.secrets.redact import Redactor

_BATCH = 2_000_000  # characters scanned together


class FileFinding(NamedTuple):
    """A secret's kind and place: file, row (from 1; 0: its name), JSON pointer, characters."""

    path: str
    row: int
    pointer: str
    kind: str
    start: int
    end: int


@many_hands()
def scan_files(paths: Iterable[Path | str], look: Look = ALL) -> list[FileFinding]:
    """Return every secret in these files and folders, names included; empty means clean."""
    findings: list[FileFinding] = []
    for path in sorted({p for root in paths for p in _files(Path(root))}):
        batch: list[tuple[int, str, str]] = [(0, "", str(path.name))]
        size = 0
        for place in strings_of(path):
            batch.append(place)
            size += len(place[2])
            if size >= _BATCH:
                findings += _findings(path, batch, look)
                batch, size = [], 0
        findings += _findings(path, batch, look)
    return without_secrets(findings)


def without_secrets(findings: list[FileFinding]) -> list[FileFinding]:
    """Redact the places too: a key may be a secret and a file may be named after one."""
    redactor = Redactor(b"")
    names = redactor.texts([Path(f.path).name for f in findings])
    pointers = redactor.texts([f.pointer for f in findings])
    return [
        f._replace(path=str(Path(f.path).with_name(name)), pointer=pointer)
        for f, name, pointer in zip(findings, names, pointers, strict=True)
    ]


def _files(root: Path) -> list[Path]:
    return [p for p in root.rglob("*") if p.is_file()] if root.is_dir() else [root]


def _findings(path: Path, batch: list[tuple[int, str, str]], look: Look) -> Iterator[FileFinding]:
    found = scan_many([text for *_, text in batch], look)
    for (row, pointer, _), findings in zip(batch, found, strict=True):
        yield from (FileFinding(str(path), row, pointer, *f[:3]) for f in findings)


def strings_of(path: Path) -> Iterator[tuple[int, str, str]]:
    """Yield every string of a file as (row, JSON pointer, string)."""
    if path.suffix == ".parquet":
        yield from _parquet(path)
    elif path.suffix in {".jsonl", ".json", ".ndjson"}:
        with path.open("rb") as file:  # a line at a time: a build may be larger than memory
            for row, line in enumerate(file if path.suffix != ".json" else [file.read()], 1):
                yield from _line(row, line)
    else:
        yield 1, "", path.read_bytes().decode("utf-8", "replace")


def _line(row: int, line: bytes) -> Iterator[tuple[int, str, str]]:
    try:
        yield from _walk(row, "", orjson.loads(line))
    except orjson.JSONDecodeError:
        yield row, "", line.decode("utf-8", "replace")


def _parquet(path: Path) -> Iterator[tuple[int, str, str]]:
    import pyarrow.parquet as pq

    row = 0
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(batch_size=1000):
            for record in batch.to_pylist():
                row += 1
                yield from _walk(row, "", record)
        for key, value in (file.schema_arrow.metadata or {}).items():
            yield 0, f"/metadata/{key.decode()}", value.decode("utf-8", "replace")


def _walk(row: int, pointer: str, value: Any) -> Iterator[tuple[int, str, str]]:
    if isinstance(value, str):
        yield row, pointer, value
    elif isinstance(value, bytes):
        yield row, pointer, value.decode("utf-8", "replace")
    elif isinstance(value, dict):
        for key, item in value.items():
            yield row, f"{pointer}#key", str(key)
            yield from _walk(row, f"{pointer}/{key}", item)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield from _walk(row, f"{pointer}/{i}", item)
