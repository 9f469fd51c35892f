"""Documents in, sketches out: the smallest shingle hashes of each, which near copies share.

A document is a tuple of texts, as a prompt and its answer; no shingle reaches from one into the
next. The k smallest hashes are a sample of the shingles (bottom-k, Cohen and Kaplan, PODC 2007): of
two documents with the Jaccard similarity J both samples miss each other in about (1 - J)^k cases.
"""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.near_settings import NearSettings
from filters.shingles import Hashes, Letters, Numbers, digit_table, letters, mixed, wholes, windows

Document = Sequence[str]
AT_ONCE = 200_000  # characters of the documents that are worked on together, ...
MOST = 100_000  # ... and how many there may be: their number has to fit beside a hash
KEPT = 44  # bits of a hash in a sketch; the others are the document's number while it is sorted
ROOM = 1.9  # so many times the hashes wanted are looked at; where they do not suffice, all
NOBODY = -1  # whose texts are not looked at
SCHEMA = pa.schema(
    [
        ("letters", pa.int64()),  # of all texts of the document
        ("opening", pa.int64()),  # of the first
        ("sketch", pa.list_(pa.int64())),
        ("opening_sketch", pa.list_(pa.int64())),  # of the first text, where there are others
        ("anchors", pa.list_(pa.int64())),
    ]
)


def sketched(documents: Sequence[Document], settings: NearSettings) -> pa.Table:
    """Return letters, sketch and anchors of documents, a row each in their order.

    `anchors` are of the first text alone, over long windows without digits: what prompts that were
    made from one template have in common. They are hashes of the whole where it is shorter.

    >>> from filters.near_settings import near_settings
    >>> table = sketched([("same", "x" * 90), ("", "")], near_settings())
    >>> table["letters"].to_pylist(), [len(s) for s in table["sketch"].to_pylist()]
    ([94, 0], [1, 0])
    """
    parts = [sketch_part(part, settings) for part in parcels(documents)]
    return pa.concat_tables(parts or [sketch_part([("",)], settings).slice(1)])


def parcels(documents: Sequence[Document]) -> Iterator[Sequence[Document]]:
    """Yield documents in order, as many together as memory ought to hold."""
    first = room = 0
    for i, document in enumerate(documents):
        size = sum(map(len, document))
        if i > first and (room + size > AT_ONCE or i - first == MOST):
            yield documents[first:i]
            first, room = i, 0
        room += size
    if documents:
        yield documents[first:]


def sketch_part(documents: Sequence[Document], settings: NearSettings) -> pa.Table:
    """Return the sketches of a few documents."""
    each, count = len(documents[0]), len(documents)
    found = letters([text for document in documents for text in document], settings.longest)
    sizes = np.diff(found.starts).reshape(count, each)
    place = np.arange(count * each)
    opens = np.where((place % each == 0) & (each > 1), place // each, NOBODY)
    shingles = Windows(found, settings.shingle)
    sketch = listed(*smallest(shingles, place // each, count, settings.sketch), count)
    opening = listed(*smallest(shingles, opens, count, settings.opening), count)
    counts = [arrow(np.ascontiguousarray(n), pa.int64()) for n in (sizes.sum(1), sizes[:, 0])]
    anchors = anchored([document[0] for document in documents], settings)
    return pa.table([*counts, sketch, opening, anchors], schema=SCHEMA)


def anchored(prompts: Sequence[str], settings: NearSettings) -> pa.Array:
    """Return the anchors of the first text of each document."""
    found, n = letters(prompts, settings.longest), settings.template.window
    bare = found.only(~digit_table()[found.codes])
    sizes = np.diff(bare.starts)
    small = np.flatnonzero((sizes > 0) & (sizes < n))
    whole = mixed(wholes(bare)[small] + sizes[small].astype(np.uint64))  # no window has that hash
    runs = smallest(Windows(bare, n), np.arange(sizes.size), sizes.size, settings.template.anchors)
    return listed(*merged(runs, (small, whole >> np.uint64(64 - KEPT))), sizes.size)


class Windows:
    """The hashes of all runs of n letters of some texts; some of those reach into the next text."""

    def __init__(self, found: Letters, n: int) -> None:
        """Hash them all; a hash has KEPT bits."""
        self.starts, self.n = found.starts, n
        self.sizes = np.diff(found.starts)
        self.counts = np.maximum(self.sizes - n + 1, 0)  # of runs within each text, [texts]
        self.hashes = windows(found.codes, n)
        self.hashes >>= np.uint64(64 - KEPT)

    def below(self, bounds: Hashes) -> tuple[Numbers, Hashes]:
        """Return the hashes within each text that are below its bound, and the text of each."""
        bound = np.repeat(bounds, self.sizes)[: self.hashes.size]
        at = np.flatnonzero(self.hashes < bound)
        text = np.searchsorted(self.starts, at, side="right") - 1
        within = at + self.n <= self.starts[text + 1]
        return text[within], self.hashes[at[within]]


def smallest(found: Windows, owners: Numbers, count: int, k: int) -> tuple[Numbers, Hashes]:
    """Return the k smallest different hashes of each owner, and the owner of each, both in order.

    `owners`: whose each text is, NOBODY's or one of `count`. Only hashes below a bound are sorted,
    which as a rule leaves a few more than k of each.
    """
    owned = owners != NOBODY
    windows_of = np.bincount(owners[owned], found.counts[owned], minlength=count)
    share = np.minimum(1, ROOM * k / np.maximum(windows_of, 1))

    def looked(share: NDArray[np.float64]) -> tuple[Numbers, Hashes]:
        bounds = np.where(owned, share[owners], 0) * 2.0**KEPT
        text, hashes = found.below(bounds.astype(np.uint64))
        return ranked(hashes, owners[text], count, k)

    owner, hashes = looked(share)
    few = (np.bincount(owner, minlength=count) < k) & (share < 1)
    if few.any():  # words that repeat leave few different hashes
        kept = ~few[owner]
        return merged((owner[kept], hashes[kept]), looked(few.astype(np.float64)))
    return owner, hashes


def merged(one: tuple[Numbers, Hashes], other: tuple[Numbers, Hashes]) -> tuple[Numbers, Hashes]:
    """Return the hashes of both in order of their owners, which are others in each."""
    owner, hashes = np.concatenate((one[0], other[0])), np.concatenate((one[1], other[1]))
    order = np.argsort(owner, kind="stable")
    return owner[order], hashes[order]


def listed(owner: Numbers, hashes: Hashes, count: int) -> pa.Array:
    """Return hashes as a list for each owner, [count]."""
    ends = np.zeros(count + 1, np.int32)
    np.cumsum(np.bincount(owner, minlength=count), out=ends[1:])
    return pa.ListArray.from_arrays(arrow(ends, pa.int32()), arrow(hashes, pa.int64()))


def plain(column: pa.Array) -> NDArray[Any]:
    """Return the numbers of a column without nulls. (pyarrow's own way imports pandas as well.)"""
    kind = np.dtype(column.type.to_pandas_dtype())
    return np.frombuffer(column.buffers()[1] or b"", kind)[column.offset :][: len(column)]


def arrow(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Return a column of numbers. (pyarrow's own way from NumPy imports pandas first.)"""
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])


def ranked(hashes: Hashes, owner: Numbers, count: int, k: int) -> tuple[Numbers, Hashes]:
    """Return owners and their k smallest different hashes, both sorted by owner and hash."""
    keys = np.sort((owner.astype(np.uint64) << np.uint64(KEPT)) | hashes)
    keys = keys[np.concatenate(([True], keys[1:] != keys[:-1]))[: keys.size]]
    who = (keys >> np.uint64(KEPT)).astype(np.int64)
    counts = np.bincount(who, minlength=count)
    first = np.cumsum(counts) - counts
    low = np.arange(who.size) - first[who] < k
    return who[low], keys[low] & np.uint64(2**KEPT - 1)
