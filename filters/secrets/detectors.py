"""Detectors as data: `detectors/*.toml` come in, compiled and checked `Detector`s go out."""

import re
import tomllib
from collections.abc import Callable
from functools import cache, cached_property
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from filters.secrets import checks
from filters.secrets.checks import entropy

CREDENTIAL_FILES = ("keys", "context")
PERSONAL_FILES = ("personal",)


class Detector(BaseModel):
    """One kind of secret: where to look, what it looks like, what else must hold."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str
    kind: str
    why: str
    keywords: list[str]
    pattern: str
    lead: str = ""
    entropy: float = 0.0
    checks: list[str] = []
    hit: list[str]
    miss: list[str]
    personal: bool = False

    @cached_property
    def compiled(self) -> re.Pattern[bytes]:
        """Return the pattern on bytes."""
        return re.compile(self.pattern.encode())

    @cached_property
    def lead_bytes(self) -> bytes:
        """Return the characters that may stand before the keyword."""
        return self.lead.encode()

    @cached_property
    def predicates(self) -> list[Callable[[bytes, re.Match[bytes]], bool]]:
        """Return the functions of checks.py that this detector names."""
        return [getattr(checks, name) for name in self.checks]

    def match(self, data: bytes, keyword_at: int) -> tuple[int, int] | None:
        """Return where the secret stands around a keyword, or None."""
        start = keyword_at
        if self.lead:
            before = data[max(0, keyword_at - 80) : keyword_at]
            start -= len(before) - len(before.rstrip(self.lead_bytes))
        found = self.compiled.match(data, start)
        if found is None:
            return None
        name = next((n for n, v in found.groupdict().items() if "secret" in n and v), None)
        secret = found[name] if name else found[0]
        if self.entropy and entropy(secret) < self.entropy:
            return None
        if not all(check(secret, found) for check in self.predicates):
            return None
        return found.span(name) if name else found.span()


@cache
def all_detectors() -> tuple[Detector, ...]:
    """Return every detector of our own in the order of the files.

    >>> "aws-access-key-id" in {d.id for d in all_detectors()}
    True
    """
    return tuple(
        Detector(**entry, personal=name in PERSONAL_FILES)
        for name in (*CREDENTIAL_FILES, *PERSONAL_FILES)
        for entry in tomllib.loads(
            (files("filters.secrets") / "detectors" / f"{name}.toml").read_text(encoding="utf-8")
        )["detector"]
    )


@cache
def personal_kinds() -> frozenset[str]:
    """Return the kinds that name a person rather than open a door.

    >>> sorted(personal_kinds())
    ['email', 'user']
    """
    return frozenset(detector.kind for detector in all_detectors() if detector.personal)
