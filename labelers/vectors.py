"""Texts to TF-IDF vectors of hashed words and character n-grams: cheap, local, no model."""

import math
import re
import zlib
from collections import Counter
from collections.abc import Iterator, Sequence

import numpy as np
from scipy.sparse import csr_array

WORD = re.compile(r"[^\W_]+")


def terms(text: str, gram: int) -> Iterator[str]:
    """Yield the words of a text, and the n-grams of the longer ones.

    >>> list(terms("Go Parser", 4))
    ['go', 'parser', '#pars', '#arse', '#rser']
    """
    for word in WORD.findall(text.lower()):
        yield word
        if len(word) > gram:
            for i in range(len(word) - gram + 1):
                yield f"#{word[i : i + gram]}"


def vectors(texts: Sequence[str], buckets: int, gram: int) -> csr_array:
    """Return unit vectors [texts x buckets]; a term in all texts weighs least.

    Weight of a term: (1 + ln tf) · (ln((1 + n) / (1 + df)) + 1), where n is the number of texts
    and df how many hold the term. A text without terms is a zero row.
    """
    places, values, ends = [], [], [0]
    for text in texts:
        counts = Counter(zlib.crc32(t.encode()) % buckets for t in terms(text, gram))
        places += counts
        values += [1 + math.log(n) for n in counts.values()]
        ends.append(len(places))
    shape = (len(texts), buckets)
    found = csr_array((np.array(values, np.float32), np.array(places, np.int32), ends), shape=shape)
    held = np.bincount(found.indices, minlength=buckets)
    idf = (np.log((1 + len(texts)) / (1 + held)) + 1).astype(np.float32)
    found.data *= idf[found.indices]
    lengths = np.sqrt(np.asarray(found.multiply(found).sum(axis=1)).ravel())
    found.data /= np.repeat(np.where(lengths > 0, lengths, 1), np.diff(found.indptr))
    return found
