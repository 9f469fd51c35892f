"""Redaction: texts and nested values come in, the same with placeholders for secrets go out."""

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from copy import deepcopy
from typing import Any

from filters.secrets.detectors import kinds_off, personal_kinds
from filters.secrets.finding import Look, as_bytes
from filters.secrets.keyed import keyed
from filters.secrets.many import byte_spans
from filters.secrets.own import Span
from filters.secrets.seams import seams
from warehouse.errors import AgpError

# A replacement may bring two halves together; more rounds than this were never seen.
_ROUNDS = 8
# So many texts are remembered once they are clean: a row of a dataset is looked through again when
# its texts are joined, and most of them are not.
_MOST = 200_000
_KEY = 16
Todo = list[tuple[str, bytes, bytes]]  # a text, the same as it is now, its key


def _key(data: bytes) -> bytes:
    """Return what a text is remembered by: a hash, or itself where that is shorter."""
    return data if len(data) < _KEY else hashlib.blake2b(data, digest_size=_KEY).digest()


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
        times = Counter(texts)
        todo, became = self._unknown(times), dict[str, bytes]()
        for _ in range(_ROUNDS):
            todo = [
                (text, new, _key(new))
                for text, data, spans in self._looked_through(todo)
                for new in [self._replace(data, spans, times[text])]
            ]
            if not todo:
                decoded = {t: new.decode("utf-8", "surrogatepass") for t, new in became.items()}
                return [decoded.get(text, text) for text in texts]
            became |= {text: new for text, new, _ in todo}
        raise AgpError("a text holds secrets that replacing does not remove; leave it out")

    def foresee(self, value: Any) -> None:
        """Look together through the strings of what will come one by one; nothing is replaced yet.

        Those that are clean are then known, which is most.
        """
        strings: dict[str, None] = {}
        _collect(value, strings)
        self._looked_through(self._unknown(strings))

    def _unknown(self, texts: Iterable[str]) -> Todo:
        """Return those of different texts that were not found clean before."""
        datas = ((text, as_bytes(text)) for text in texts)
        keyed = ((text, data, _key(data)) for text, data in datas)
        return [one for one in keyed if one[2] not in self._clean]

    def _looked_through(self, todo: Todo) -> list[tuple[str, bytes, list[Span]]]:
        """Return what is to be replaced in which text; remember those where nothing is."""
        dirty = []
        found = byte_spans([data for _, data, _ in todo], self.look)
        for (text, data, key), spans in zip(todo, found, strict=True):
            if wanted := [span for span in spans if self._is_wanted(span)]:
                dirty.append((text, data, wanted))
                continue
            if len(self._clean) >= _MOST:
                self._clean.clear()
            self._clean.add(key)
        return dirty

    def value(self, value: Any) -> Any:
        """Return a nested value with every string and every key redacted."""
        value = self._without_seams(value)
        strings: dict[str, None] = {}
        _collect(value, strings)
        return _rebuild(value, dict(zip(strings, self.texts(list(strings)), strict=True)))

    def _without_seams(self, value: Any) -> Any:
        """Return a value without what begins at the end of one block and goes on in the next."""
        spans = byte_spans([seam.text.encode() for seam in seams(value)], self.look)
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

    def _replace(self, data: bytes, spans: list[Span], times: int) -> bytes:
        pieces, at = [], 0
        for span in spans:
            pieces += (data[at : span.start], self._placeholder(data[span.start : span.end], span))
            at = span.end
            self.counts[span.kind] += times
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
