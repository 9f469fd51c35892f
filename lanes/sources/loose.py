"""Reading what is nearly JSON: a line that orjson refuses in, its readable parts and the rest out.

Logs hold lone surrogates, NaN, numbers above 1e308, raw control characters, bad UTF-8, two records
on one line, half a record before a whole one, runs of NUL. Every byte lands in exactly one part.
"""

import json
import re
from collections.abc import Iterator
from typing import Any

Part = tuple[int, int, Any, str | None]  # start, end, parsed or None, reason or None
DECODER = json.JSONDecoder(strict=False)
SPACE = b" \t\r\n"
# Where a record may begin inside a line: a torn write stops anywhere, and the next one follows it.
OPENING = re.compile(rb'\{\s*"[A-Za-z_]+"\s*:')
TRIES, EFFORT = 64, 64 << 20  # how many such places of a line are tried, and on how many bytes
BROKEN = re.compile("[\ud800-\udfff]")


def readable_parts(line: bytes, first: bool = False) -> Iterator[Part]:
    r"""Yield the parts of a line in order; `first` says that it opens its file.

    >>> list(readable_parts(b'{"a":1}{"b":"\\ud83d"}\n'))
    [(0, 7, {'a': 1}, None), (7, 22, {'b': '�'}, None)]
    >>> list(readable_parts(b'{"a":{"b":"cu{"a":NaN}\n'))
    [(0, 13, None, 'not JSON'), (13, 23, {'a': nan}, None)]
    >>> list(readable_parts(b"42\n"))
    [(0, 3, None, 'a number, not an object')]
    >>> list(readable_parts(b" \r\n"))
    [(0, 3, None, 'blank line')]
    """
    at = 3 if first and line.startswith(b"\xef\xbb\xbf") else 0
    start = 0
    while start < len(line):
        body = skip(line, at)
        end, parsed, reason = read_one(line, body)
        if reason and body < len(line):
            resume = whole_record_after(line, body)
            end = resume if resume else len(line)
        if end < len(line) and skip(line, end) == len(line):
            end = len(line)
        yield start, end, parsed, reason
        start = at = end


def skip(line: bytes, at: int) -> int:
    """Return where the white space from `at` on ends."""
    return len(line) - len(line[at:].lstrip(SPACE)) if at < len(line) else at


def read_one(line: bytes, at: int) -> tuple[int, Any, str | None]:
    """Read one value at a place: where it ends, the object or None, and why not."""
    if at >= len(line):
        return len(line), None, "blank line"
    if line[at] == 0:
        return len(line), None, "NUL bytes"
    text = line[at:].decode("utf-8", "surrogateescape")
    try:
        parsed, length = DECODER.raw_decode(text)
        parsed = mended(parsed)
    except json.JSONDecodeError as error:
        cut = error.pos >= len(text.rstrip()) or "Unterminated" in error.msg
        return len(line), None, "cut off" if cut else "not JSON"
    except RecursionError:
        return len(line), None, "nested too deeply"
    except ValueError:  # more digits than Python turns into a number
        return len(line), None, "a number too long to read"
    end = at + len(text[:length].encode("utf-8", "surrogateescape"))
    if not isinstance(parsed, dict):
        return end, None, f"{KINDS.get(type(parsed), 'a number')}, not an object"
    return end, parsed, None


KINDS = {list: "a list", str: "a string", bool: "true or false", type(None): "null"}


def whole_record_after(line: bytes, at: int) -> int | None:
    """Return where a record begins that reads to the end of a line whose start is broken."""
    body = line.rstrip(SPACE)
    places = [m.start() for m in OPENING.finditer(body, at + 1)]
    tries = max(1, min(TRIES, EFFORT // (2 * len(body))))
    if len(places) > 2 * tries:
        places = [*places[:tries], *places[-tries:]]
    for place in places:
        if reads_to_end(body, place):
            return place
    return None


def reads_to_end(body: bytes, at: int) -> bool:
    """Say whether nothing but whole objects stands from a place to the end."""
    while at < len(body):
        end, parsed, _ = read_one(body, at)
        if parsed is None:
            return False
        at = skip(body, end)
    return True


def mended(value: Any) -> Any:
    """Return a parsed value with U+FFFD for what no text can hold.

    >>> mended({"a\\ud800": ["\\udcff", 1]})
    {'a�': ['�', 1]}
    """
    if isinstance(value, str):
        return BROKEN.sub("\ufffd", value)
    if isinstance(value, list):
        return [mended(item) for item in value]
    if isinstance(value, dict):
        return {mended(key): mended(item) for key, item in value.items()}
    return value
