"""Sketches in, pairs that may be near copies out: they share a key, and then enough hashes.

A key is two hashes of one document, one of the prompt and one beyond it: a single hash says little
where many texts hold the same passages. So what is a pair depends on its two documents alone; only
in a crowd, where very many share a key, it depends on the order of them all.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from filters.near_settings import NearSettings
from filters.shingles import Hashes, Numbers, mixed
from filters.sketches import plain

Rows = NDArray[np.uint32]
Flags = NDArray[np.bool_]
ROW = np.uint64((1 << 24) - 1)  # last bits of a key, which give way to a row's number
FIRST = np.uint64((1 << 32) - 1)
KEYED = 20_000  # documents whose keys are made together
SORTED = 1_000_000  # keys that are sorted together, about
CHECKED = 50_000  # pairs whose sketches are compared together
MARKS = np.uint64((1 << 23) - 1)  # bits of a key by which fresh documents' are known


@dataclass(frozen=True)
class Sketches:
    """Documents as rows, in the order of their sketches; of hashes 32 bits are kept, 0 is none."""

    ids: Hashes  # [documents]
    letters: Numbers
    opening: Numbers  # letters of the first text
    sketch: Rows  # [documents, hashes]
    first: Rows  # of the first text, where there are others, [documents, hashes]
    fresh: Flags  # whether it was not compared with the others yet

    def about_as_long(self, one: Rows, other: Rows, settings: NearSettings) -> Flags:
        """Return for pairs whether their first texts, and the rest of them, are about as long."""
        found = np.ones(one.size, np.bool_)
        for lengths in (self.opening, self.letters - self.opening):
            a, b = lengths[one], lengths[other]
            found &= np.abs(a - b) <= settings.added * np.maximum(a, b) + settings.slack
        return found


def gathered(batches: Iterable[pa.RecordBatch], fresh: Hashes, settings: NearSettings) -> Sketches:
    """Return documents as rows, from batches of a sketch's columns with `id`, and the fresh ids.

    Those that are too short to be near copies are left out.
    """
    parts = [
        (
            *(plain(batch[name]) for name in ("id", "letters", "opening")),
            rows(batch["sketch"], settings.sketch),
            rows(batch["opening_sketch"], settings.opening),
        )
        for batch in batches
    ]
    ids, letters, opening, sketch, first = (
        np.concatenate(columns) for columns in zip(*parts, strict=True)
    )
    del parts
    order = np.lexsort((ids, *sketch.T[3::-1]))  # texts that are alike stand close together
    order = order[letters[order] >= settings.shortest]
    ids = ids[order]
    fresh_rows = np.isin(ids, fresh)
    return Sketches(ids, letters[order], opening[order], sketch[order], first[order], fresh_rows)


def rows(lists: pa.Array, k: int) -> Rows:
    """Return lists of at most k hashes as the rows of a matrix."""
    lengths = plain(lists.value_lengths()).astype(np.int64)
    row = np.repeat(np.arange(lengths.size), lengths)
    place = np.arange(row.size) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    found = np.zeros((lengths.size, k), np.uint32)
    found[row, place] = plain(lists.flatten()).astype(np.uint32)
    return found


def candidates(s: Sketches, settings: NearSettings) -> tuple[Numbers, Numbers]:
    """Return the pairs to verify, one of each fresh at least, as two columns of rows of `s`."""
    parts = 1 + s.ids.size * settings.beyond * settings.keyed // SORTED
    marks = marked(s, settings)
    found = [met(entries(s, settings, marks, part, parts), s, settings) for part in range(parts)]
    pairs = np.unique(np.concatenate(found))
    one, other = (pairs >> np.uint64(32)).astype(np.int64), (pairs & FIRST).astype(np.int64)
    enough = [
        alike(s, one[i : i + CHECKED], other[i : i + CHECKED], settings)
        for i in range(0, one.size, CHECKED)
    ]
    kept = np.concatenate([np.empty(0, np.bool_), *enough])
    return one[kept], other[kept]


def marked(s: Sketches, settings: NearSettings) -> Flags:
    """Return which values the last bits of fresh documents' keys have."""
    marks = np.zeros(int(MARKS) + 1, np.bool_)
    for keys, _ in keyed(s, np.flatnonzero(s.fresh), settings):
        marks[keys & MARKS] = True
    return marks


def entries(s: Sketches, settings: NearSettings, marks: Flags, part: int, parts: int) -> Hashes:
    """Return keys that fresh documents may have, a row in the last bits of each; sorted.

    Of all keys that is one part of so many.
    """
    found = [np.empty(0, np.uint64)]
    for keys, owners in keyed(s, np.arange(s.ids.size), settings):
        kept = marks[keys & MARKS] & (keys % np.uint64(parts) == part)
        found.append((keys[kept] & ~ROW) | owners[kept].astype(np.uint64))
    return np.sort(np.concatenate(found))


def keyed(s: Sketches, chosen: Numbers, settings: NearSettings) -> Iterator[tuple[Hashes, Numbers]]:
    """Yield the keys of chosen rows, and the row that each is of.

    A hash of the first text with one that is not of it; and where one of these has few, any two.
    """
    for i in range(0, chosen.size, KEYED):
        owners = chosen[i : i + KEYED]
        sketch, first = s.sketch[owners], s.first[owners]
        yield joined(owners, beyond(sketch, first, settings), first[:, : settings.keyed])
        rest = s.letters[owners] - s.opening[owners]
        few = np.minimum(s.opening[owners], rest) <= settings.few
        yield paired(owners[few], sketch[few, : settings.paired])


def beyond(sketch: Rows, first: Rows, settings: NearSettings) -> Rows:
    """Return the smallest hashes of documents that are none of their first text's."""
    looked = sketch[:, : settings.beyond + settings.opening]
    other = (looked != 0) & ~(looked[:, :, None] == first[:, None, :]).any(2)
    place = np.cumsum(other, axis=1) - 1
    row, column = np.nonzero(other & (place < settings.beyond))
    found = np.zeros((sketch.shape[0], settings.beyond), np.uint32)
    found[row, place[row, column]] = looked[row, column]
    return found


def joined(owners: Numbers, one: Rows, other: Rows) -> tuple[Hashes, Numbers]:
    """Return keys of each hash of one kind with each of the other, and whose they are."""
    there = (one[:, :, None] != 0) & (other[:, None, :] != 0)
    keys = (one.astype(np.uint64) << np.uint64(32))[:, :, None] | other[:, None, :]
    return mixed(keys[there]), owners[np.nonzero(there)[0]]


def paired(owners: Numbers, hashes: Rows) -> tuple[Hashes, Numbers]:
    """Return keys of any two hashes, and of each with itself: some texts have but one."""
    one, other = np.triu_indices(hashes.shape[1])
    there = (hashes[:, one] != 0) & (hashes[:, other] != 0)
    keys = (hashes[:, one].astype(np.uint64) << np.uint64(32)) | hashes[:, other]
    return mixed(keys[there]), owners[np.nonzero(there)[0]]


def met(entries: Hashes, s: Sketches, settings: NearSettings) -> Hashes:
    """Return the pairs of rows that share a key, about as long and one of them fresh, as numbers.

    `entries` are sorted. Of a crowd each meets only its neighbours in the order of the sketches.
    """
    keys, row = entries & ~ROW, (entries & ROW).astype(np.uint32)
    edges = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1], [True])))
    size = np.diff(edges)
    reach = np.where(size > settings.crowd, settings.neighbours, size - 1)
    left = np.repeat(edges[1:], size) - np.arange(1, row.size + 1)  # behind it with the same key
    meets = np.minimum(left, np.repeat(reach, size)).astype(np.int32)
    del keys, left
    at = np.flatnonzero(meets)
    found = [np.empty(0, np.uint64)]
    for further in range(1, int(meets.max(initial=0)) + 1):
        at = at[meets[at] >= further]
        one, other = row[at], row[at + further]
        near = (one != other) & (s.fresh[one] | s.fresh[other])
        one, other = one[near], other[near]
        near = s.about_as_long(one, other, settings)
        found.append(one[near].astype(np.uint64) << np.uint64(32) | other[near])
    return np.unique(np.concatenate(found))


def alike(s: Sketches, one: Numbers, other: Numbers, settings: NearSettings) -> Flags:
    """Return for pairs whether their sketches share enough."""
    return enough(s.sketch[one], s.sketch[other], settings.shared) & enough(
        s.first[one], s.first[other], settings.opened
    )


def enough(one: Rows, other: Rows, share: float) -> Flags:
    """Return for rows of hashes whether such a share of those of the shorter row is in both."""
    both = np.sort(np.concatenate((one, other), axis=1), axis=1)
    same = np.count_nonzero((both[:, 1:] == both[:, :-1]) & (both[:, 1:] != 0), axis=1)
    have = np.minimum(np.count_nonzero(one, axis=1), np.count_nonzero(other, axis=1))
    return same >= share * have
