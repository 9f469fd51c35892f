"""The same text as its reader will see it: JSON escapes, percent codes and entities decoded,
colours of a terminal taken out, and what stands in base64.

Bytes come in; a `View` goes out, whose offsets lead back to the bytes it was made from.
"""

import binascii
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field

# A run of backslashes before an escape letter is one escape, however often it was wrapped.
# The class in front lets the engine of `re` skip all else quickly. The escape of a terminal
# stands as itself or written out.
_ESCAPED = re.compile(
    rb"""[\\%&\x1b](?:(?:(?<=\x1b)|(?<=\\)\\*(?:u001[bB]|x1[bB]|033|e(?=\[)))(?P<colour>\[[0-9;?]{0,24}[A-Za-z])"""
    rb"""|(?<=\\)\\*(?:[ux](?:00)?([0-7][0-9A-Fa-f])|(["'/nrtbf]))"""
    rb"|(?<=%)(?:25)*([2-7][0-9A-Fa-f]|0[9ADad])"
    rb"|(?<=&)(quot|amp|lt|gt|apos|nbsp|\#[0-9]{2,3}|\#[xX][0-9A-Fa-f]{2});)"
)
_LETTERS = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b" ", b"f": b" "}
_ENTITIES = {b"quot": b'"', b"amp": b"&", b"lt": b"<", b"gt": b">", b"apos": b"'", b"nbsp": b" "}
_CODED = 24  # characters from which base64 may hold a secret
_RUN = b"a" * _CODED
# Characters of base64 as "a", all others as blanks: a run is then found by its first 24 letters.
_IS_CODE = bytes(
    97 if (chr(i).isalnum() and i < 128) or chr(i) in "+/_-" else 32 for i in range(256)
)
# What the code of a text begins with: none of UTF-8 begins with other controls than tab and line
# breaks or NUL, with the inside of a character, or with what is above its last beginning.
_BEGINS = frozenset(b"ACDIJKLMNOPQRSTUVWXYZabcdefwxyz0123456789")
_STANDARD = bytes.maketrans(b"-_", b"+/")
_PRINTED = bytes([9, 10, 13, *range(32, 127), *range(128, 256)])


@dataclass
class View:
    """Decoded bytes, and for every decoded escape where it stands in both."""

    data: bytes
    ends: list[int] = field(default_factory=list)  # in the view, behind each escape
    skips: list[int] = field(default_factory=list)  # bytes the raw text is ahead from there on
    closes: list[int] = field(default_factory=list)  # the same as ends, for where something ends

    def places(self) -> Iterator[int]:
        """Yield where in the raw bytes each escape ends, less one."""
        return (end + skip - 1 for end, skip in zip(self.ends, self.skips, strict=True))

    def raw(self, offset: int) -> int:
        """Return the offset in the raw bytes of what begins here."""
        i = bisect_right(self.ends, offset)
        return offset + (self.skips[i - 1] if i else 0)

    def raw_end(self, offset: int) -> int:
        """Return the offset in the raw bytes of what ends here: before what was taken out."""
        i = bisect_right(self.closes, offset)
        return offset + (self.skips[i - 1] if i else 0)


def _decoded(found: re.Match[bytes]) -> bytes:
    _, hexadecimal, letter, percent, entity = found.groups()
    if hexadecimal or percent:
        return bytes([int(hexadecimal or percent, 16)])
    if letter:
        return _LETTERS.get(letter, letter)
    if not entity.startswith(b"#"):
        return _ENTITIES[entity]
    code = int(entity[2:], 16) if entity[1:2] in b"xX" else int(entity[1:])
    return bytes([code]) if code < 128 else b" "


def decoded_view(data: bytes) -> View | None:
    """Return the decoded view, or None where there is nothing to decode.

    >>> view = decoded_view(rb'{\\"key\\": \\"a%2Fb\\"}')
    >>> view.data, view.raw(8)
    (b'{"key": "a/b"}', 10)
    >>> decoded_view(b"\\x1b[1mto\\x1b[0mken").data
    b'token'
    """
    pieces: list[bytes] = []
    view, at, ahead = View(b""), 0, 0
    for found in _ESCAPED.finditer(data):
        start, end = found.span()
        shown = b"" if found["colour"] else _decoded(found)
        pieces += (data[at:start], shown)
        at, ahead = end, ahead + end - start - len(shown)
        view.ends.append(end - ahead)
        view.closes.append(end - ahead + (not shown))
        view.skips.append(ahead)
    if not pieces:
        return None
    view.data = b"".join((*pieces, data[at:]))
    return view


def coded(data: bytes) -> Iterator[tuple[int, int, bytes]]:
    """Yield (start, end, text) of every run of base64 that decodes to text.

    >>> [*coded(b"x cGFzc3dvcmQ9Y29ycmVjdCBob3JzZQ==")]
    [(2, 34, b'password=correct horse')]
    """
    mask = data.translate(_IS_CODE)
    at = mask.find(_RUN)
    while at >= 0:
        start, end = at, mask.find(b" ", at)
        end = len(data) if end < 0 else end
        text = _text_of(data[start:end]) if data[at] in _BEGINS else None
        if text:
            end += len(data[end : end + 2]) - len(data[end : end + 2].lstrip(b"="))
            yield start, end, text
        at = mask.find(_RUN, end)


def _text_of(run: bytes) -> bytes | None:
    """Return what a run of base64 holds if that is text, of one byte a character or of two."""
    if not _is_text(binascii.a2b_base64(run[:_CODED].translate(_STANDARD))):
        return None
    run = run.translate(_STANDARD)
    whole = _decode64(run + b"=" * (-len(run) % 4))
    return whole.replace(b"\0", b"") if whole and _is_text(whole) else None


def _decode64(run: bytes) -> bytes:
    try:
        return binascii.a2b_base64(run)
    except binascii.Error:  # one character more than any number of bytes has
        return binascii.a2b_base64(run.rstrip(b"=")[:-1])


def _is_text(data: bytes) -> bool:
    """Tell whether bytes are printed characters, all but every second NUL."""
    if data.count(b"\0") * 3 > len(data):
        data = data.replace(b"\0", b"")
    if data.translate(None, _PRINTED):
        return False
    return data.isascii() or _is_utf8(data)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return error.start + 4 > len(data)  # cut within its last character
    return True
