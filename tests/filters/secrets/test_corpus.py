"""Real transcripts: every string is redacted, and afterwards no detector fires."""

import os
from pathlib import Path

import orjson
import pytest

from filters.secrets import Redactor, scan_many

CORPUS = os.environ.get("AGP_CORPUS")


@pytest.mark.slow
@pytest.mark.skipif(not CORPUS, reason="AGP_CORPUS names no folder of transcripts")
def test_nothing_fires_on_the_redacted_corpus():
    redactor = Redactor(b"s")
    for path in sorted(Path(str(CORPUS)).rglob("*.jsonl")):
        if not path.is_file():
            continue
        texts: dict[str, None] = {}
        for line in path.read_bytes().split(b"\n"):
            _strings(line, texts)
        redacted = redactor.texts(list(texts))
        assert not any(scan_many(redacted)), path.name
    assert redactor.counts["user"] > 100


def _strings(line: bytes, texts: dict[str, None]) -> None:
    try:
        stack = [orjson.loads(line)]
    except orjson.JSONDecodeError:
        stack = [line.decode("utf-8", "replace")]
    while stack:
        value = stack.pop()
        if isinstance(value, str):
            texts[value] = None
        elif isinstance(value, dict):
            stack += [*value, *value.values()]
        elif isinstance(value, list):
            stack += value
