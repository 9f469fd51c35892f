"""The engine for provider credentials: betterleaks, in process.

Its traps: the C string ends at the first NUL; text that is not UTF-8 raises; a line that holds an
allow marker is skipped; a rule whose keyword is anywhere reads the whole text; it is a Go runtime,
so a process that used it must not fork.
"""

from contextlib import ExitStack
from functools import cache
from importlib.resources import as_file, files
from typing import TYPE_CHECKING

from filters.secrets import checks
from filters.secrets.detectors import LIBRARY
from filters.secrets.kinds import kind_of
from filters.secrets.own import Span, occurrences
from warehouse.errors import AgpError

if TYPE_CHECKING:
    import betterleaks

_FILES = ExitStack()
_WINDOW = 48_000  # bytes read at once: one keyword makes a rule read no more than this
_OVERLAP = 4_000  # longer than any credential and its companion five lines on


@cache
def _config() -> str:
    """Return the path of the settings, which stay in place for as long as this process runs."""
    return str(_FILES.enter_context(as_file(files("filters.secrets") / "betterleaks.toml")))


def _windows(data: bytes) -> list[bytes]:
    """Cut bytes into pieces that overlap and break no character."""
    if len(data) <= _WINDOW + _OVERLAP:
        return [data]
    starts = range(0, len(data) - _OVERLAP, _WINDOW)
    return [data[start : start + _WINDOW + _OVERLAP] for start in starts]


def _scanned(text: str) -> "list[betterleaks.Finding]":
    """Return what the library finds; where it fails, nothing may leave."""
    import betterleaks

    try:
        return betterleaks.scan_string(text, _config())
    except (betterleaks.BetterleaksError, OSError, ValueError) as error:
        raise AgpError(f"betterleaks failed ({type(error).__name__}), so nothing leaves") from None


def find(data: bytes) -> list[Span]:
    """Return what betterleaks finds in prepared bytes, wherever its values stand."""
    secrets: dict[tuple[bytes, bytes], tuple[str, str]] = {}
    for window in _windows(data):
        for finding in _scanned(window.decode("utf-8", "ignore")):
            secret = finding.match.value.encode()
            if secret and checks.no_example(secret):
                full = finding.match.full.encode()
                named = f"{LIBRARY}/{finding.rule_id}"
                secrets[secret, full] = (kind_of(finding.rule_id), named)
    spans: list[Span] = []
    for (secret, full), named in secrets.items():
        # A long value is the same secret wherever it stands; a short one only where it was seen.
        context = secret if len(secret) >= 16 else full
        inside = context.find(secret)
        for at in occurrences(data, context):
            spans.append(Span(at + inside, at + inside + len(secret), *named))
    return spans
