"""The same text as its reader will see it: JSON escapes, percent codes and entities decoded.

Bytes come in; a `View` goes out, whose offsets lead back to the bytes it was made from.
"""

import re
from bisect import bisect_right
from dataclasses import dataclass, field

# A run of backslashes before an escape letter is one escape, however often it was wrapped.
# The class in front lets the engine of `re` skip all else quickly.
_ESCAPED = re.compile(
    rb"""[\\%&](?:(?<=\\)\\*(?:u00([0-7][0-9A-Fa-f])|(["'/nrtbf]))"""
    rb"|(?<=%)(?:25)*([2-7][0-9A-Fa-f]|0[9ADad])|(?<=&)(quot|amp|lt|gt|\#39|apos);)"
)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" "}
_ENTITIES = {b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">", b"#39": b"'", b"apos": b"'"}


@dataclass
class View:
    """Decoded bytes, and for every decoded escape where it stands in both."""

    data: bytes
    ends: list[int] = field(default_factory=list)  # in the view, behind each escape
    skips: list[int] = field(default_factory=list)  # bytes the raw text is ahead from there on

    def raw(self, offset: int) -> int:
        """Return the offset in the raw bytes."""
        i = bisect_right(self.ends, offset)
        return offset + (self.skips[i - 1] if i else 0)


def _decoded(found: re.Match[bytes]) -> bytes:
    hexadecimal = found[1] or found[3]
    if hexadecimal:
        return bytes([int(hexadecimal, 16)])
    return _ENTITIES[found[4]] if found[4] else _LETTERS.get(found[2], found[2])


def decoded_view(data: bytes) -> View | None:
    """Return the decoded view, or None where there is nothing to decode.

    >>> view = decoded_view(rb'{\\"key\\": \\"a%2Fb\\"}')
    >>> view.data, view.raw(8)
    (b'{"key": "a/b"}', 10)
    """
    pieces: list[bytes] = []
    view, at, ahead = View(b""), 0, 0
    for found in _ESCAPED.finditer(data):
        start, end = found.span()
        pieces += (data[at:start], _decoded(found))
        at, ahead = end, ahead + end - start - 1
        view.ends.append(end - ahead)
        view.skips.append(ahead)
    if not pieces:
        return None
    view.data = b"".join((*pieces, data[at:]))
    return view
