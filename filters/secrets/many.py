"""Many texts: strings come in, where secrets stand in each goes out, never what they are.

They are looked through in chunks, by this process and those that help it (`hands`).
"""

from collections.abc import Sequence
from typing import NamedTuple

from filters.secrets.finding import ALL, Look, as_bytes
from filters.secrets.hands import Texts, found_in
from filters.secrets.own import Span

_CHUNK = 250_000  # bytes looked through as one


class Finding(NamedTuple):
    """A secret's kind and place, in characters of the text, and which detector found it."""

    kind: str
    start: int
    end: int
    detector: str = ""


def scan(text: str) -> list[Finding]:
    """Return the secrets of a text, in order.

    >>> scan("mail bob.k@hollis-tools.com")
    [Finding(kind='email', start=5, end=27, detector='email')]
    """
    return scan_many([text])[0]


def scan_many(texts: Sequence[str], look: Look = ALL) -> list[list[Finding]]:
    """Return the secrets of each text; many texts cost little more than one of their length."""
    datas = [as_bytes(text) for text in texts]
    return [
        [_in_characters(data, span) for span in spans]
        for data, spans in zip(datas, byte_spans(datas, look), strict=True)
    ]


def byte_spans(datas: Sequence[bytes], look: Look = ALL) -> list[list[Span]]:
    """Return the spans of each text, which is UTF-8; equal texts are looked through once."""
    first: dict[bytes, int] = {}
    of = [first.setdefault(data, len(first)) for data in datas]
    parts = _chunks([*first])
    spans: list[list[Span]] = []
    for part, found in zip(parts, found_in(parts, look), strict=True):
        spans += (found.get(i, []) for i in range(len(part)))
    return [spans[i] for i in of]


def _chunks(datas: Texts) -> list[Texts]:
    """Cut a list where each part has about so many bytes.

    >>> [len(part) for part in _chunks([b"a" * 150_000, b"b" * 150_000, b"c"])]
    [2, 1]
    """
    parts: list[Texts] = []
    begin = size = 0
    for end, data in enumerate(datas, 1):
        size += len(data)
        if size >= _CHUNK or end == len(datas):
            parts.append(datas[begin:end])
            begin, size = end, 0
    return parts


def _in_characters(data: bytes, span: Span) -> Finding:
    if data.isascii():
        return Finding(span.kind, span.start, span.end, span.detector)
    start = len(data[: span.start].decode("utf-8", "surrogatepass"))
    length = len(data[span.start : span.end].decode("utf-8", "surrogatepass"))
    return Finding(span.kind, start, start + length, span.detector)
