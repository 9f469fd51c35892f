"""Two documents in, how alike they are out, or that they are no near copies.

How much was changed is read from the runs of shingles that the other document does not have: to
replace r letters in a row makes r + n - 1 of them strange.
"""

from collections.abc import Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from filters.near_settings import NearSettings
from filters.shingles import Codes, Hashes, Numbers, digit_table


class Text:
    """A text as it is compared."""

    def __init__(self, codes: Codes, hashes: Hashes, n: int) -> None:
        """Take its letters, and the hashes of its shingles of n letters, in order."""
        self.codes, self.hashes, self.n = codes, hashes, n

    @cached_property
    def known(self) -> tuple[Hashes, Numbers]:
        """Each hash once, sorted, and where it stands; -1: in several places."""
        order = np.argsort(self.hashes, kind="stable")
        hashes = self.hashes[order]
        first = np.concatenate(([True], hashes[1:] != hashes[:-1]))
        alone = first & np.concatenate((first[1:], [True]))
        return hashes[first], np.where(alone, order, -1)[first]

    @cached_property
    def word(self) -> str:
        """The letters as a string, which is searched quickly."""
        return self.codes.tobytes().decode("utf-32-le")


def compare(one: Sequence[Text], other: Sequence[Text], settings: NearSettings) -> float | None:
    """Return the similarity of two documents if they are near copies, else None.

    Shingles are counted where they stand: a line that is repeated ten times counts ten times.
    """
    pairs = sorted(zip(one, other, strict=True), key=lambda pair: pair[0].codes.size)
    if any(apart(a, b, settings) or shifted(a, b, settings) for a, b in pairs):
        return None
    shared = total = 0
    for a, b in pairs:
        if a.codes.size == b.codes.size and np.array_equal(a.codes, b.codes):
            known = [np.ones(a.hashes.size, np.bool_)] * 2
        else:
            room = settings.added * max(a.codes.size, b.codes.size) + settings.slack
            known = [there(a, b, room)]
            if sum(changed(known[0], a.codes.size, a.n)) > room:
                return None  # as `alike` would say of both
            known.append(there(b, a, room))
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


def shifted(a: Text, b: Text, settings: NearSettings) -> bool:
    """Return whether each text has an end of which the other knows nothing, longer than may be
    replaced: quickly told, and `alike` would say so too. Passages cut from one text are like that.
    """
    longest = longest_replaced(max(a.codes.size, b.codes.size), settings)
    return strange_end(a, b, longest) and strange_end(b, a, longest)


def strange_end(a: Text, b: Text, longest: float) -> bool:
    """Return whether the other text has no shingle of the beginning, or of the end, of a text."""
    more = int(longest) + 1
    last = a.codes.size - a.n
    if last < more:
        return False
    ends = (range(more), range(last, last - more, -1))
    return any(all(a.word[i : i + a.n] not in b.word for i in end) for end in ends)


def longest_replaced(size: int, settings: NearSettings) -> float:
    """Return how many letters in a row may stand in the place of others in texts of a size.

    Edits that fall together by chance make longer runs in longer texts, by the logarithm.
    """
    return float(settings.replaced * np.log10(10 + size))


def alike(
    known: Sequence[NDArray[np.bool_]], sizes: tuple[int, int], settings: NearSettings
) -> bool:
    """Return whether few letters differ, and no long run stands in the place of another one.

    One of the texts may hold more that was added, if next to nothing of the other is missing in it.
    """
    room = settings.changed * max(sizes) + settings.slack
    if min(k.size - np.count_nonzero(k) for k in known) > settings.shingle * room:
        return False  # a changed letter makes no more shingles strange than it stands in
    changes = [changed(k, size, settings.shingle) for k, size in zip(known, sizes, strict=True)]
    less, more = sorted(map(sum, changes))
    added = less <= room / 4 and more <= settings.added * max(sizes) + settings.slack
    replaced = min(max(runs, default=0) for runs in changes)
    return (more <= room or added) and replaced <= longest_replaced(max(sizes), settings)


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
    ended = np.ones(known.size + 2, np.bool_)
    ended[1:-1] = known
    edges = np.flatnonzero(ended[1:] != ended[:-1])
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
