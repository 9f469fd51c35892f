"""Finding: texts come in, where secrets stand goes out; never what they are."""

import re
from bisect import bisect_right
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from itertools import accumulate
from typing import NamedTuple

from filters.secrets import own, provider
from filters.secrets.detectors import kinds_off, personal_kinds
from filters.secrets.own import Span
from filters.secrets.views import View, coded, decoded_view

PLACEHOLDER = re.compile(rb"\[[A-Z][A-Z0-9_]*_[0-9]+\]")
_HALF_CHARACTER = re.compile(rb"\xed[\xa0-\xbf][\x80-\xbf]")
# Between texts that are scanned together: no pattern of ours reaches over it.
_SEPARATOR = b"\n\n\x01\n\n"
_LONG = 200_000  # bytes from which betterleaks, which needs no interpreter, gets its own thread


class Look(NamedTuple):
    """What is looked for: a person's own words, and all kinds but those that are off."""

    literals: re.Pattern[bytes] | None = None
    off: frozenset[str] = kinds_off()


ALL = Look()


def as_bytes(text: str) -> bytes:
    """Return UTF-8, half characters (lone surrogates) included."""
    return text.encode("utf-8", "surrogatepass")


def prepared(data: bytes) -> bytes:
    """Blank what blinds an engine, at equal length: NULs, half characters, allow markers."""
    if b"\xed" in data:
        data = _HALF_CHARACTER.sub(b"   ", data)
    return data.replace(b"\0", b"\n").replace(b"leaks:allow", b"leaks_allow")


@dataclass
class Hint:
    """What looking through a chunk said of the texts in it: a text holds no more than its chunk.

    `among` are the only keywords in it, and without `keys` betterleaks finds nothing there. While
    the chunk is looked through, `met` and `fired` gather both.
    """

    among: Collection[bytes] | None = None
    keys: bool = True
    met: set[bytes] | None = None
    fired: list[Span] = field(default_factory=list)


def spans_in(
    data: bytes, look: Look = ALL, deep: bool = True, hint: Hint | None = None
) -> list[Span]:
    """Return merged spans of one text; placeholders are no secrets. `deep` reads base64 too."""
    hint = hint or Hint()
    data = prepared(data)
    view = decoded_view(data)
    # What a reader sees after decoding is what providers' keys look like; our own detectors
    # also read the raw text, where a backslash may be a backslash.
    seen = view.data if view else data
    ask = provider.find if hint.keys else _nothing
    keys = _beside(ask, seen) if len(data) > _LONG else partial(ask, seen)
    found = own.find_literals(seen, look.literals)
    found += own.find(seen, look.off, hint.among, hint.met)
    fired = _in_base64(seen, look, hint) if deep else []
    fired += keys()
    found += fired
    if view:
        found = [s._replace(start=view.raw(s.start), end=view.raw_end(s.end)) for s in found]
        hint.fired += found[len(found) - len(fired) :]
        found += _as_it_stands(data, view, look, hint)
    else:
        hint.fired += fired
    return merge(found, [m.span() for m in PLACEHOLDER.finditer(data)])


def _nothing(data: bytes) -> list[Span]:
    return []


def _as_it_stands(data: bytes, view: View, look: Look, hint: Hint) -> list[Span]:
    """Return what is found without decoding, in the lines where decoding changed something."""
    regions: list[tuple[int, int]] = []
    for at in view.places():
        if not regions or at >= regions[-1][1]:
            start, end = data.rfind(b"\n", 0, at) + 1, data.find(b"\n", at)
            end = len(data) if end < 0 else end + 1
            if regions and regions[-1][1] == start:  # lines in a row stay together
                start = regions.pop()[0]
            regions.append((start, end))
    text = _SEPARATOR.join(data[start:end] for start, end in regions)
    starts = [*accumulate((end - start + len(_SEPARATOR) for start, end in regions), initial=0)]
    found = own.find(text, look.off, hint.among, hint.met)
    found += own.find_literals(text, look.literals)
    return [_moved(span, regions, starts) for span in found]


def _moved(span: Span, regions: list[tuple[int, int]], starts: list[int]) -> Span:
    i = bisect_right(starts, span.start) - 1
    ahead = regions[i][0] - starts[i]
    return span._replace(start=span.start + ahead, end=min(span.end + ahead, regions[i][1]))


def _in_base64(data: bytes, look: Look, hint: Hint) -> list[Span]:
    """Return the runs of base64 that hold a secret; each is one span, of the kind of its first."""
    runs = list(coded(data))
    if not runs:
        return []
    texts = [text for *_, text in runs]
    offsets = [0, *accumulate(len(text) + len(_SEPARATOR) for text in texts)]
    hits = spans_in(
        _SEPARATOR.join(texts), look, deep=False, hint=Hint(hint.among, hint.keys, hint.met)
    )
    first = {bisect_right(offsets, s.start) - 1: s for s in reversed(hits)}
    return [Span(*runs[i][:2], s.kind, s.detector) for i, s in first.items()]


def _beside(work: Callable[[bytes], list[Span]], data: bytes) -> Callable[[], list[Span]]:
    """Begin work in a thread of its own; return what waits for its result."""
    thread = ThreadPoolExecutor(1)
    future = thread.submit(work, data)
    thread.shutdown(wait=False)
    return future.result


def merge(found: Iterable[Span], placeholders: Sequence[tuple[int, int]]) -> list[Span]:
    """Join spans that overlap: the longest names the kind; those inside placeholders go.

    >>> merge([Span(5, 9, "email"), Span(0, 12, "password")], [])
    [Span(start=0, end=12, kind='password', detector='')]
    """
    starts = [start for start, _ in placeholders]
    merged: list[Span] = []
    width = 0
    for span in sorted(_credentials_first(found), key=lambda s: (s.start, -s.end, s.kind)):
        i = bisect_right(starts, span.start) - 1
        if i >= 0 and span.end <= placeholders[i][1]:
            continue
        if merged and span.start < merged[-1].end:
            last = merged[-1]
            longer = span.end - span.start > width
            width = max(width, span.end - span.start)
            named = span if longer else last
            merged[-1] = named._replace(start=last.start, end=max(last.end, span.end))
        else:
            merged.append(span)
            width = span.end - span.start
    return merged


def _credentials_first(found: Iterable[Span]) -> list[Span]:
    """Leave out what names a person where it overlaps a credential: `//app:key@host.io` is no mail.

    What the credential leaves over is looked at again after replacing.
    """
    spans = list(found)
    keys = sorted(s for s in spans if s.kind not in personal_kinds())
    starts, ends = [k.start for k in keys], [*accumulate((k.end for k in keys), max)]

    def is_apart(span: Span) -> bool:
        first = bisect_right(ends, span.start)  # the first key that reaches behind its start
        return first == len(keys) or starts[first] >= span.end

    return [*keys, *(s for s in spans if s.kind in personal_kinds() and is_apart(s))]


def looked_through(datas: Sequence[bytes], look: Look = ALL) -> dict[int, list[Span]]:
    """Return the spans of those texts that hold any, by their place in the list.

    All are looked through as one. Those that a finding touches are looked at again text by text, so
    that a text's findings never depend on its neighbours.
    """
    found: dict[int, list[Span]] = {}
    for i, hint in _suspects(datas, look):
        if spans := spans_in(datas[i], look, hint=hint):
            found[i] = spans
    return found


def _suspects(datas: Sequence[bytes], look: Look) -> Iterator[tuple[int, Hint | None]]:
    """Yield which texts any finding touches, and what is known of each."""
    if len(datas) == 1:
        yield 0, None
        return
    offsets = [0, *accumulate(len(data) + len(_SEPARATOR) for data in datas)]
    told = Hint(met=set())
    spans = spans_in(_SEPARATOR.join(datas), look, hint=told)
    with_keys = {i for span in told.fired for i in _touched(span, offsets)}
    for i in sorted({i for span in spans for i in _touched(span, offsets)}):
        yield i, Hint(told.met, i in with_keys)


def _touched(span: Span, offsets: list[int]) -> range:
    first = bisect_right(offsets, span.start) - 1
    return range(first, bisect_right(offsets, max(span.start, span.end - 1)))
