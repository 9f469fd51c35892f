"""Lines that are not one JSON object, of each kind found in the wild, added to a transcript.

They carry no turn, so that whoever loses them loses no prompt.
"""

import json
from collections.abc import Callable

from lanes.sample_history.transcript import Transcript


def _whole(t: Transcript, **fields: object) -> bytes:
    """Return a record of the client's own log, as bytes without a line end."""
    record = {"type": "system", "subtype": "info", "level": "info", **fields}
    record |= {"sessionId": t.place.session_id, "uuid": t.dice.uuid(), "timestamp": t.tick()}
    return json.dumps(record, ensure_ascii=False, separators=(",", ":")).encode()


def cut(t: Transcript) -> None:
    """Half a record, and then the whole of it again."""
    line = _whole(t, content="Compiled 14 files")
    t.broken(line[: len(line) // 2] + b"\n", "cut", False)
    t.lines.append(line + b"\n")


def two(t: Transcript) -> None:
    """Two records on one line."""
    line = _whole(t, content="Saved") + _whole(t, content="Saved again")
    t.broken(line + b"\n", "two", None)


def torn(t: Transcript) -> None:
    """The beginning of a record, and the whole of it on the same line."""
    line = _whole(t, content="Index rebuilt")
    t.broken(line[:25] + line + b"\n", "torn", None)


def nul(t: Transcript) -> None:
    """What a crash leaves: a run of NULs."""
    t.broken(b"\0" * 512 + b"\n", "nul", False)


def bad_utf8(t: Transcript) -> None:
    """A byte of Latin-1."""
    line = _whole(t, content="Opened cafE.md").replace(b"cafE", b"caf\xe9")
    t.broken(line + b"\n", "bad_utf8", True)


def ff_byte(t: Transcript) -> None:
    """A byte that UTF-8 never has."""
    line = _whole(t, content="Read 1 byte: X").replace(b"X", b"\xff")
    t.broken(line + b"\n", "ff_byte", True)


def nan(t: Transcript) -> None:
    """A number that JSON does not have."""
    t.broken(_whole(t, ratio=float("nan")) + b"\n", "nan", True)


def infinity(t: Transcript) -> None:
    """Another one, and a number too large for a double."""
    line = _whole(t, ratio=float("inf")).replace(b"Infinity", b"[Infinity,1e400]")
    t.broken(line + b"\n", "infinity", True)


def surrogate(t: Transcript) -> None:
    """Half an emoji, where a length limit cut it."""
    line = _whole(t, content="Title: the wren X").replace(b"X", b"\\ud83d")
    t.broken(line + b"\n", "surrogate", True)


def control(t: Transcript) -> None:
    """Control characters that should have been escaped."""
    line = _whole(t, content="Progress: X").replace(b"X", b"\x1b[2K\x08done")
    t.broken(line + b"\n", "control", True)


def separator(t: Transcript) -> None:
    """Line separators inside a string: one line all the same."""
    line = _whole(t, content="one\u2028two\u2029three\u0085four")
    t.broken(line + b"\n", "separator", True)


def deep(t: Transcript) -> None:
    """Lists in lists, deeper than most parsers go."""
    line = _whole(t, content="X").replace(b'"X"', b"[" * 1200 + b"]" * 1200)
    t.broken(line + b"\n", "deep", None)


def scalar(t: Transcript) -> None:
    """JSON, and no object."""
    t.broken(b"42\n", "scalar", None)


def blank(t: Transcript) -> None:
    """Nothing."""
    t.broken(b"\n", "blank", None)


DAMAGE: tuple[Callable[[Transcript], None], ...] = (
    cut,
    two,
    torn,
    nul,
    bad_utf8,
    ff_byte,
    nan,
    infinity,
    surrogate,
    control,
    separator,
    deep,
    scalar,
    blank,
)


def growing(t: Transcript, complete: bool) -> None:
    """The last line of a file that is still being written: no line end yet."""
    line = _whole(t, content="Writing")
    t.broken(line if complete else line[:40], "growing", complete or None)
