"""Near copies: documents in, verified pairs with their similarity out.

Candidates share a hash of their sketches; each is then compared shingle by shingle. How much was
changed is read from the runs of shingles that the other document does not have: to replace r
letters in a row makes r + n - 1 of them strange.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import NamedTuple

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.near_settings import NearSettings, near_settings
from filters.shingles import Codes, Hashes, Numbers, digit_table, letters, windows
from filters.sketches import Document, arrow, sketched
from warehouse.statements import execute_file

HELD = 20_000_000  # letters of the pairs whose texts are held at once, ...
COMPARED = 1_000_000  # ... and of those whose shingles are
Pair = tuple[int, int, int]  # one, other, letters of both
TextsOf = Callable[[Sequence[int]], Mapping[int, Document]]


class Near(NamedTuple):
    """Two documents that are near copies of each other."""

    one: int
    other: int
    similarity: float  # Jaccard similarity of their shingles, 0 to 1


class Text:
    """A text as it is compared; shingles are made when they are asked for."""

    def __init__(self, codes: Codes, n: int) -> None:
        """Take its letters, and how many make a shingle."""
        self.codes, self.n = codes, n

    @cached_property
    def hashes(self) -> Hashes:
        """The hash of the shingle at each place."""
        return windows(self.codes, self.n)

    @cached_property
    def known(self) -> tuple[Hashes, Numbers]:
        """Each hash once, sorted, and where it stands; -1: in several places."""
        order = np.argsort(self.hashes, kind="stable")
        hashes = self.hashes[order]
        first = np.concatenate(([True], hashes[1:] != hashes[:-1]))
        alone = first & np.concatenate((first[1:], [True]))
        return hashes[first], np.where(alone, order, -1)[first]


def near_pairs(documents: Sequence[Document], settings: NearSettings | None = None) -> list[Near]:
    """Return the pairs of near copies among documents, by their numbers.

    >>> text = "the quick brown fox jumps over the lazy dog while seven cats look on in silence "
    >>> other = "nothing of this is the same as in any of the others, and it stands here alone now"
    >>> pairs = near_pairs([(text,), (other,), (text.replace("lazy", "lay"),)])
    >>> [(one, other) for one, other, _ in pairs]
    [(0, 2)]
    """
    settings = settings or near_settings()
    with duckdb.connect() as con:
        con.execute("set threads = 2")
        store(con, range(len(documents)), sketched(documents, settings))
        con.execute("create temp table fresh_documents as select id from sketches")
        return verified(
            candidates(con, settings), lambda ids: {i: documents[i] for i in ids}, settings
        )


def store(con: duckdb.DuckDBPyConnection, ids: Sequence[int], found: pa.Table) -> None:
    """Make the table `sketches` of a database in memory."""
    numbers = arrow(np.fromiter(ids, np.uint64, len(ids)), pa.uint64())
    con.register("found", found.drop_columns("anchors").append_column("id", numbers))
    con.execute("create temp table sketches as from found")
    con.unregister("found")


def candidates(con: duckdb.DuckDBPyConnection, settings: NearSettings) -> list[Pair]:
    """Return the pairs to verify: of tables `sketches` and `fresh_documents`, sorted."""
    execute_file(con, "filters", "near_candidates.sql", **settings.model_dump(exclude={"template"}))
    return con.execute("select one, other, letters from candidates order by all").fetchall()


def verified(pairs: Sequence[Pair], texts_of: TextsOf, settings: NearSettings) -> list[Near]:
    """Return the pairs that are near copies; `texts_of` gives the documents of some ids."""
    found: list[Near] = []
    for part in portions(pairs, HELD):
        documents = texts_of(ids(part))
        for few in portions(part, COMPARED):
            texts = prepared({i: documents[i] for i in ids(few) if i in documents}, settings)
            for one, other, _ in few:
                if one in texts and other in texts:
                    similarity = compare(texts[one], texts[other], settings)
                    if similarity is not None:
                        found.append(Near(one, other, similarity))
    return found


def ids(pairs: Sequence[Pair]) -> list[int]:
    """Return the documents that some pairs are of."""
    return sorted({i for one, other, _ in pairs for i in (one, other)})


def portions(pairs: Sequence[Pair], most: int) -> Iterator[Sequence[Pair]]:
    """Yield pairs in order, so many together that they have at most so many letters."""
    first = room = 0
    for i, (_, _, size) in enumerate(pairs):
        if i > first and room + size > most:
            yield pairs[first:i]
            first, room = i, 0
        room += size
    if pairs:
        yield pairs[first:]


def prepared(documents: Mapping[int, Document], settings: NearSettings) -> dict[int, list[Text]]:
    """Return each document as it is compared."""
    flat = [text for document in documents.values() for text in document]
    found, each = letters(flat, settings.longest), iter(range(len(flat)))
    return {
        name: [Text(found.of(next(each)), settings.shingle) for _ in document]
        for name, document in documents.items()
    }


def compare(one: Sequence[Text], other: Sequence[Text], settings: NearSettings) -> float | None:
    """Return the similarity of two documents if they are near copies, else None.

    Shingles are counted where they stand: a line that is repeated ten times counts ten times.
    """
    if any(apart(a, b, settings) for a, b in zip(one, other, strict=True)):
        return None
    shared = total = 0
    for a, b in sorted(zip(one, other, strict=True), key=lambda pair: pair[0].codes.size):
        if a.codes.size == b.codes.size and np.array_equal(a.codes, b.codes):
            known = [np.ones(a.hashes.size, np.bool_)] * 2
        else:
            room = settings.added * max(a.codes.size, b.codes.size) + settings.slack
            known = [there(a, b, room), there(b, a, room)]
            if not alike(known, (a.codes.size, b.codes.size), settings):
                return None
        shared += sum(int(found.sum()) for found in known)
        total += sum(found.size for found in known)
    similarity = shared / max(2 * total - shared, 1)  # J = D / (2 - D) with D = shared / total
    if similarity < settings.jaccard or only_numbers_differ(one, other):
        return None
    return similarity


def apart(a: Text, b: Text, settings: NearSettings) -> bool:
    """Return whether one text is too much longer than the other."""
    sizes = (a.codes.size, b.codes.size)
    return abs(sizes[0] - sizes[1]) > settings.added * max(sizes) + settings.slack


def alike(
    known: Sequence[NDArray[np.bool_]], sizes: tuple[int, int], settings: NearSettings
) -> bool:
    """Return whether few letters differ, and no long run stands in the place of another one.

    One of the texts may hold more that was added, if next to nothing of the other is missing in it.
    Edits that fall together by chance make longer runs in longer texts, by the logarithm.
    """
    room = settings.changed * max(sizes) + settings.slack
    if min(k.size - np.count_nonzero(k) for k in known) > settings.shingle * room:
        return False  # a changed letter makes no more shingles strange than it stands in
    changes = [changed(k, size, settings.shingle) for k, size in zip(known, sizes, strict=True)]
    less, more = sorted(map(sum, changes))
    added = less <= room / 4 and more <= settings.added * max(sizes) + settings.slack
    replaced = min(max(runs, default=0) for runs in changes)
    longest = settings.replaced * np.log10(10 + max(sizes))
    return bool((more <= room or added) and replaced <= longest)


def there(a: Text, b: Text, room: float) -> NDArray[np.bool_]:
    """Return for each shingle of one text whether the other has it, at most `room` letters off.

    A word that stands somewhere else by chance does not hide that it was put in here.
    """
    if not (a.hashes.size and b.hashes.size):
        return np.zeros(a.hashes.size, np.bool_)
    known, place = b.known
    at = np.minimum(np.searchsorted(known, a.hashes), known.size - 1)
    stands = place[at]
    off = np.abs(stands - np.arange(stands.size))
    return (known[at] == a.hashes) & ((stands < 0) | (off <= room))


def changed(known: NDArray[np.bool_], size: int, n: int) -> list[int]:
    """Return how many letters each run of strange shingles stands for, in a text of `size`.

    A run inside is n - 1 longer than what was changed; one that reaches an end of the text is not.

    >>> changed(np.array([1, 0, 0, 0, 1, 1], bool), 8, 3), changed(np.array([0, 1], bool), 4, 3)
    ([1], [1])
    """
    if not known.size:
        return [size]
    edges = np.flatnonzero(np.diff(np.concatenate(([True], known, [True]))))
    starts, ends = edges[::2], edges[1::2]
    inside = (starts > 0) & (ends < known.size)
    lengths = np.where(inside, ends - starts - (n - 1), ends - starts)
    return np.maximum(lengths, 0).tolist()


def only_numbers_differ(one: Sequence[Text], other: Sequence[Text]) -> bool:
    """Return whether prompt or answer are the same words with other numbers: other content."""
    return any(
        not np.array_equal(a.codes, b.codes) and np.array_equal(wordy(a.codes), wordy(b.codes))
        for a, b in zip(one, other, strict=True)
    )


def wordy(codes: Codes) -> Codes:
    """Return letters without digits."""
    return codes[~digit_table()[codes]]
