"""The content of a message: a string or a list of blocks in, words and block rows out."""

import base64
import binascii
from hashlib import sha256
from typing import Any

from lanes.sources.rows import Here, Row

PAYLOAD = "payload:"  # stands for a run of base64 that raw keeps once, before its sha-256 in hex
BETWEEN = "\n\n"


def string(value: Any) -> str | None:
    """Return a non-empty string, or None for anything else.

    >>> string("a"), string(""), string(3)
    ('a', None, None)
    """
    return value if isinstance(value, str) and value else None


def text_of(content: Any) -> str:
    """Return the words of any content, text blocks joined by a blank line.

    >>> text_of("a"), text_of([{"type": "text", "text": "b"}, "c", {"type": "image"}]), text_of(1)
    ('a', 'b\\n\\nc', '')
    """
    if isinstance(content, str):
        return content
    if isinstance(content, dict):
        content = [content]
    if not isinstance(content, list):
        return ""
    texts = (b.get("text") if isinstance(b, dict) else b for b in content)
    return BETWEEN.join(t for t in texts if isinstance(t, str) and t)


def payload_of(block: dict[str, Any]) -> bytes | None:
    """Return the sha-256 of an inline image or file, decoded; None where it holds none.

    >>> payload_of({"source": {"data": "QUJD"}}) == sha256(b"ABC").digest()
    True
    """
    source = block.get("source")
    data = source.get("data") if isinstance(source, dict) else None
    if not isinstance(data, str):
        return None
    try:
        if data.startswith(PAYLOAD):
            return bytes.fromhex(data[len(PAYLOAD) :])
        return sha256(base64.b64decode(data)).digest()
    except (binascii.Error, ValueError):
        return None


def block_rows(here: Here, content: Any, words: str) -> list[Row]:
    """Return a row a block: where its text stands in the message's words, or what it holds itself.

    Nested images of a tool result follow as blocks of their own, with the call's id.
    """
    place = here[:2]
    if isinstance(content, str):
        span = (0, len(words)) if words else (None, None)
        return [(*place, 0, "text", *span, None, None, None)] if content else []
    rows: list[Row] = []
    inner: list[tuple[str | None, dict[str, Any]]] = []
    at = 0
    for n, block in enumerate(content if isinstance(content, list) else ()):
        if not isinstance(block, dict):
            block = {"type": "text", "text": block}
        kind, call = string(block.get("type")) or "unknown", None
        if kind == "text":
            start, length = _span(block.get("text"), words, at)
            at = at if start is None else start + (length or 0)
            rows.append((*place, n, kind, start, length, None, None, None))
            continue
        if kind.endswith("tool_use"):
            call = string(block.get("id"))
        elif "tool_use_id" in block:
            call = string(block["tool_use_id"])
            if isinstance(nested := block.get("content"), list):
                inner += [(call, b) for b in nested if isinstance(b, dict) and "source" in b]
        thought = string(block.get("thinking")) if kind == "thinking" else None
        rows.append((*place, n, kind, None, None, thought, call, payload_of(block)))
    for n, (call, block) in enumerate(inner, len(rows)):
        kind = string(block.get("type")) or "unknown"
        rows.append((*place, n, kind, None, None, None, call, payload_of(block)))
    return rows


def _span(text: Any, words: str, at: int) -> tuple[int | None, int | None]:
    """Find a block's text in the message's words from a place on; editor's context is in none."""
    start = words.find(text, at) if isinstance(text, str) and text else -1
    return (start, len(text)) if start >= 0 else (None, None)
