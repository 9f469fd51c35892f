"""A Claude home to write transcripts into, and ways to look at what was kept of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from warehouse.payloads import file_bytes
from warehouse.store import open_reader


@pytest.fixture
def tree(home: Path) -> Path:
    """Return the folder of a project with no session in it yet."""
    folder = home / ".claude" / "projects" / "p"
    folder.mkdir(parents=True)
    return folder


@pytest.fixture
def rows(home: Path) -> Callable[..., list[tuple[Any, ...]]]:
    """Return a function that asks the warehouse."""

    def ask(query: str, *values: object) -> list[tuple[Any, ...]]:
        with open_reader() as con:
            return con.execute(query, values).fetchall()

    return ask


@pytest.fixture
def kept(home: Path) -> Callable[[Path], list[bytes]]:
    """Return a function that gives back every version of a file, as it was read."""

    def versions(path: Path) -> list[bytes]:
        with open_reader() as con:
            query = "select file_id from files where path = ? order by version"
            found = con.execute(query, [str(path)]).fetchall()
            return [b"".join(file_bytes(con, file_id)) for (file_id,) in found]

    return versions


@pytest.fixture
def line() -> Callable[[int], bytes]:
    """Return a function that makes a record a number stands in."""

    def make(n: int) -> bytes:
        text = b'"message":{"role":"user","content":"number %d"}' % n
        return b'{"type":"user","uuid":"u%d","sessionId":"s",%s}\n' % (n, text)

    return make
