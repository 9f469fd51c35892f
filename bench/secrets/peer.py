"""A peer in its own environment: texts in, the same without what it finds out.

python peer.py NAME TEXTS.json LEFT.json
"""

import json
import sys
import tempfile
from collections.abc import Iterable
from pathlib import Path


def betterleaks(text: str) -> Iterable[str]:
    """Return what betterleaks finds by itself; where it refuses to read, nothing."""
    import betterleaks as library

    try:
        return [finding.match.value for finding in library.scan_string(text)]
    except (UnicodeEncodeError, library.BetterleaksError):
        return []


def detect_secrets(text: str) -> Iterable[str]:
    """Return what detect-secrets finds with its default plugins in a file that holds the text.

    Not by `scan_line`: that one also shows strings below its own limits of entropy.
    """
    from detect_secrets.core.scan import scan_file  # pyright: ignore[reportMissingImports]
    from detect_secrets.settings import default_settings  # pyright: ignore[reportMissingImports]

    with tempfile.TemporaryDirectory() as folder, default_settings():
        path = Path(folder) / "text.txt"
        path.write_text(text, encoding="utf-8", errors="replace")
        return [s.secret_value for s in scan_file(str(path)) if s.secret_value]


def dataclaw(text: str) -> str:
    """Return a text as dataclaw redacts it."""
    from dataclaw.secrets import redact_text  # pyright: ignore[reportMissingImports]

    return redact_text(text)[0]


def without(text: str, found: Iterable[str]) -> str:
    """Cut values out of a text, the longest first."""
    for value in sorted(found, key=len, reverse=True):
        text = text.replace(value, "[FOUND]") if value else text
    return text


WAYS = {
    "betterleaks": lambda text: without(text, betterleaks(text)),
    "detect-secrets": lambda text: without(text, detect_secrets(text)),
    "dataclaw": dataclaw,
}

if __name__ == "__main__":
    name, asked, left = sys.argv[1:]
    way = WAYS[name]
    Path(left).write_text(json.dumps([way(text) for text in json.loads(Path(asked).read_text())]))
