"""Near copies: documents in, verified pairs with their similarity out.

Candidates are told by their sketches; the words of each pair are then compared.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice, pairwise
from typing import NamedTuple

import numpy as np
import pyarrow as pa

from filters.candidates import Sketches, candidates, gathered
from filters.comparison import Text, compare
from filters.near_settings import NearSettings, near_settings
from filters.shingles import Hashes, Numbers, letters, windows
from filters.sketches import Document, arrow, sketched

HELD = 20_000_000  # letters of the pairs whose texts are held at once, ...
COMPARED = 1_000_000  # ... and of those whose shingles are
TextsOf = Callable[[Sequence[int]], Mapping[int, Document]]


@dataclass(frozen=True)
class Pairs:
    """Pairs to be compared, in order: two documents each by their ids, and the letters of both."""

    one: Hashes
    other: Hashes
    letters: Numbers

    @staticmethod
    def among(sketches: Sketches, settings: NearSettings) -> "Pairs":
        """Return the candidates among documents, the lower id of a pair first.

        They stand in the order of the sketches, so that few texts are held at once.
        """
        rows = candidates(sketches, settings)
        one, other = np.sort([sketches.ids[row] for row in rows], axis=0)
        return Pairs(one, other, np.sum([sketches.letters[row] for row in rows], axis=0))

    def ids(self) -> list[int]:
        """Return the documents that the pairs are of."""
        return np.unique(np.concatenate((self.one, self.other))).tolist()

    def portions(self, most: int) -> Iterator["Pairs"]:
        """Yield the pairs in order, so many together that they have about so many letters."""
        portion = np.cumsum(self.letters) // most
        edges = np.flatnonzero(np.diff(portion, prepend=-1, append=-1))
        for a, b in pairwise(edges.tolist()):
            yield Pairs(self.one[a:b], self.other[a:b], self.letters[a:b])


class Near(NamedTuple):
    """Two documents that are near copies of each other."""

    one: int
    other: int
    similarity: float  # Jaccard similarity of their shingles, 0 to 1


def near_pairs(documents: Sequence[Document], settings: NearSettings | None = None) -> list[Near]:
    """Return the pairs of near copies among documents, by their numbers.

    >>> text = "the quick brown fox jumps over the lazy dog while seven cats look on in silence "
    >>> other = "nothing of this is the same as in any of the others, and it stands here alone now"
    >>> pairs = near_pairs([(text,), (other,), (text.replace("lazy", "lay"),)])
    >>> [(one, other) for one, other, _ in pairs]
    [(0, 2)]
    """
    settings = settings or near_settings()
    if not documents:
        return []
    number = np.arange(len(documents), dtype=np.uint64)
    table = sketched(documents, settings)
    table = table.append_column("id", arrow(number, pa.uint64()))
    sketches = gathered(table.to_batches(), number, settings)
    return verified(sketches, lambda ids: {i: documents[i] for i in ids}, settings)


def verified(sketches: Sketches, texts_of: TextsOf, settings: NearSettings) -> list[Near]:
    """Return the near copies among documents, one of each pair fresh at least.

    `texts_of` gives the documents of some ids; the others are left out.
    """
    found: list[Near] = []
    pairs = Pairs.among(sketches, settings)
    for part in pairs.portions(HELD):
        documents = texts_of(part.ids())
        for few in part.portions(COMPARED):
            texts = prepared({i: documents[i] for i in few.ids() if i in documents}, settings)
            for one, other in zip(few.one.tolist(), few.other.tolist(), strict=True):
                if one in texts and other in texts:
                    similarity = compare(texts[one], texts[other], settings)
                    if similarity is not None:
                        found.append(Near(one, other, similarity))
    return sorted(found)


def prepared(documents: Mapping[int, Document], settings: NearSettings) -> dict[int, list[Text]]:
    """Return each document as it is compared."""
    flat = [text for document in documents.values() for text in document]
    found, n = letters(flat, settings.longest), settings.shingle
    hashes = windows(found.codes, n)
    spans = pairwise(found.starts.tolist())
    texts = (Text(found.codes[a:b], hashes[a : max(b - n + 1, a)], n) for a, b in spans)
    return {name: list(islice(texts, len(document))) for name, document in documents.items()}
