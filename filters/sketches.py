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
from filters.shingles import Hashes, Letters, Numbers, digit_table, letters, mixed, owners, windows

Document = Sequence[str]
AT_ONCE = 500_000  # characters of the documents that are worked on together, ...
MOST = 100_000  # ... and how many there may be: their number has to fit beside a hash
KEPT = 44  # bits of a hash in a sketch; the others are the document's number while it is sorted
ROOM = 2.5  # so many times the hashes wanted are looked at; where they do not suffice, all
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
    each = len(documents[0])
    found = letters([text for document in documents for text in document], settings.longest)
    sizes = np.diff(found.starts).reshape(len(documents), each)
    first, text = owners(found.starts, settings.shingle)
    hashes, document = windows(found.codes, settings.shingle)[first], text // each
    sketch = smallest(hashes, document, len(documents), settings.sketch)
    opens = (text % each == 0) & (each > 1)
    opening = smallest(hashes[opens], document[opens], len(documents), settings.opening)
    counts = [arrow(np.ascontiguousarray(n), pa.int64()) for n in (sizes.sum(1), sizes[:, 0])]
    anchors = anchored(Letters(found.codes, found.starts), each, settings)
    return pa.table([*counts, sketch, opening, anchors], schema=SCHEMA)


def anchored(found: Letters, each: int, settings: NearSettings) -> pa.Array:
    """Return the anchors of the first text of each document."""
    bare = found.only(~digit_table()[found.codes])
    n = settings.template.window
    short = np.diff(bare.starts)[::each]
    first, text = owners(bare.starts, n)
    opens = text % each == 0
    hashes, document = windows(bare.codes, n)[first[opens]], text[opens] // each
    small = np.flatnonzero((short > 0) & (short < n))
    whole = np.array([of_whole(bare.of(int(i) * each)) for i in small], np.uint64)
    hashes = np.concatenate((hashes, whole))
    document = np.concatenate((document, small))
    return smallest(hashes, document, short.size, settings.template.anchors)


def of_whole(codes: Any) -> Any:
    """Return a hash of a text that is shorter than a window; its length tells it from windows."""
    return mixed(windows(codes, codes.size) + np.uint64(codes.size))[0]


def smallest(hashes: Hashes, owner: Numbers, count: int, k: int) -> pa.Array:
    """Return the k smallest different hashes of each owner in order, as lists of [count].

    Only hashes below a bound are sorted, which as a rule leaves a few more than k of each.
    """
    hashes = hashes >> np.uint64(64 - KEPT)
    share = np.minimum(1, ROOM * k / np.maximum(np.bincount(owner, minlength=count), 1))
    bound = np.minimum(share * 2.0**KEPT, 2.0**KEPT - 1).astype(np.uint64)
    low = hashes <= bound[owner]
    found, values = ranked(hashes[low], owner[low], k)
    got = np.bincount(found, minlength=count)
    few = np.flatnonzero((got < k) & (share < 1))  # words that repeat leave few different hashes
    if few.size:
        again = np.isin(owner, few)
        more, others = ranked(hashes[again], owner[again], k)
        kept = ~np.isin(found, few)
        found, values = np.concatenate((found[kept], more)), np.concatenate((values[kept], others))
        order = np.argsort(found, kind="stable")
        found, values = found[order], values[order]
        got = np.bincount(found, minlength=count)
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(got))).astype(np.int32)
    return pa.ListArray.from_arrays(arrow(ends, pa.int32()), arrow(values, pa.int64()))


def arrow(values: NDArray[Any], kind: pa.DataType) -> pa.Array:
    """Return a column of numbers. (pyarrow's own way from NumPy imports pandas first.)"""
    return pa.Array.from_buffers(kind, values.size, [None, pa.py_buffer(values)])


def ranked(hashes: Hashes, owner: Numbers, k: int) -> tuple[Numbers, Hashes]:
    """Return owners and their k smallest different hashes, both sorted by owner and hash."""
    keys = np.unique((owner.astype(np.uint64) << np.uint64(KEPT)) | hashes)
    who = (keys >> np.uint64(KEPT)).astype(np.int64)
    place = np.arange(who.size) - np.searchsorted(who, who)
    return who[place < k], keys[place < k] & np.uint64(2**KEPT - 1)
