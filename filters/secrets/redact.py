"""Redaction: texts and nested values come in, the same with placeholders for secrets go out."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from copy import deepcopy
from typing import Any

from filters.secrets.detectors import kinds_off, personal_kinds
from filters.secrets.finding import Look, as_bytes, byte_spans
from filters.secrets.keyed import keyed
from filters.secrets.own import Span
from filters.secrets.seams import seams
from warehouse.errors import AgpError

# A replacement may bring two halves together; more rounds than this were never seen.
_ROUNDS = 8
# Texts of this length are remembered once they are clean, so many at most: a row of a dataset is
# looked through again when its texts are joined, and most of them are not.
_REMEMBERED, _MOST = 200, 200_000


def _digest(data: bytes) -> bytes:
    return hashlib.blake2b(data, digest_size=16).digest()


class Redactor:
    """Replaces every secret by a placeholder; the same secret by the same one, for its lifetime.

    Placeholders are numbered by kind in the order of first sight. Only salted hashes are kept.

    >>> redactor = Redactor(b"salt")
    >>> redactor.text("from bob.k@hollis-tools.com to ann@hollis-tools.com")
    'from [EMAIL_1] to [EMAIL_2]'
    >>> redactor.value({"to": ["ann@hollis-tools.com", 3]}), redactor.counts["email"]
    ({'to': ['[EMAIL_2]', 3]}, 3)
    """

    def __init__(
        self,
        salt: bytes,
        kinds: frozenset[str] | None = None,
        literals: Sequence[str] = (),
        off: frozenset[str] | None = None,
    ) -> None:
        """Take the salt of the home, the kinds to replace, a person's own words.

        Without `kinds` all are, but the personal kinds that are `off` (None: by default).
        """
        self._salt = salt[:64]
        self._kinds = kinds
        if kinds is not None:
            off = personal_kinds() - kinds
        self.look = Look(literal_pattern(literals), kinds_off() if off is None else off)
        self._placeholders: dict[bytes, bytes] = {}
        self._clean: set[bytes] = set()
        self._numbers: Counter[str] = Counter()
        self.counts: Counter[str] = Counter()

    def text(self, text: str) -> str:
        """Return a text without secrets; a clean text comes back as it is."""
        return self.texts([text])[0]

    def texts(self, texts: Sequence[str]) -> list[str]:
        """Return many texts without secrets, at the price of one."""
        result = list(texts)
        todo = [i for i, text in enumerate(result) if not self._is_clean(text)]
        for _ in range(_ROUNDS):
            datas, spans = byte_spans([result[i] for i in todo], self.look)
            changed = []
            for i, data, found in zip(todo, datas, spans, strict=True):
                wanted = [s for s in found if self._is_wanted(s)]
                if wanted:
                    result[i] = self._replace(data, wanted).decode("utf-8", "surrogatepass")
                    changed.append(i)
                elif len(data) >= _REMEMBERED and len(self._clean) < _MOST:
                    self._clean.add(_digest(data))
            if not changed:
                return result
            todo = changed
        raise AgpError("a text holds secrets that replacing does not remove; leave it out")

    def _is_clean(self, text: str) -> bool:
        """Tell whether nothing was found in this very text before."""
        return len(text) >= _REMEMBERED and _digest(as_bytes(text)) in self._clean

    def value(self, value: Any) -> Any:
        """Return a nested value with every string and every key redacted."""
        value = self._without_seams(value)
        strings: dict[str, None] = {}
        _collect(value, strings)
        return _rebuild(value, dict(zip(strings, self.texts(list(strings)), strict=True)))

    def _without_seams(self, value: Any) -> Any:
        """Return a value without what begins at the end of one block and goes on in the next."""
        _, spans = byte_spans([seam.text for seam in seams(value)], self.look)
        if not any(spans):
            return value
        value = deepcopy(value)
        for seam, inside in zip(seams(value), spans, strict=True):
            for span in inside:
                if span.start < seam.at < span.end and self._is_wanted(span):
                    seam.replace(span, self._placeholder(seam.secret(span), span).decode())
                    self.counts[span.kind] += 1
        return value

    def _is_wanted(self, span: Span) -> bool:
        return self._kinds is None or span.kind in self._kinds

    def _replace(self, data: bytes, spans: list[Span]) -> bytes:
        pieces, at = [], 0
        for span in spans:
            pieces += (data[at : span.start], self._placeholder(data[span.start : span.end], span))
            at = span.end
            self.counts[span.kind] += 1
        return b"".join((*pieces, data[at:]))

    def _placeholder(self, secret: bytes, span: Span) -> bytes:
        digest = keyed(secret, self._salt)
        if digest not in self._placeholders:
            self._numbers[span.kind] += 1
            name = f"[{span.kind.upper()}_{self._numbers[span.kind]}]"
            self._placeholders[digest] = name.encode()
        return self._placeholders[digest]


def _collect(value: Any, strings: dict[str, None]) -> None:
    """Gather every string and key, in the order they stand."""
    if isinstance(value, str):
        strings[value] = None
    elif isinstance(value, dict):
        for key, item in value.items():
            _collect(key, strings)
            _collect(item, strings)
    elif isinstance(value, list | tuple):
        for item in value:
            _collect(item, strings)


def _rebuild(value: Any, redacted: dict[str, str]) -> Any:
    if isinstance(value, str):
        return redacted[value]
    if isinstance(value, dict):
        return {_rebuild(k, redacted): _rebuild(v, redacted) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_rebuild(item, redacted) for item in value]
    return value


def literal_pattern(literals: Sequence[str]) -> re.Pattern[bytes] | None:
    """Return one expression for a person's own words, the longest first."""
    words = sorted({w for w in literals if len(w) >= 3}, key=lambda w: (-len(w), w))
    if not words:
        return None
    return re.compile(b"|".join(re.escape(w.encode("utf-8", "surrogatepass")) for w in words))
