"""Texts in, letters and hashes of their shingles out: NumPy over many texts at once.

A *letter* is a letter or digit of any script without case and accents; all else is dropped, so
spaces, punctuation and the form a text was normalised in make no difference. A *shingle* is so many
letters in a row; its hash is a polynomial over them modulo 2^64 (Karp and Rabin, 1987), mixed.
"""

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

Codes = NDArray[np.uint32]
Hashes = NDArray[np.uint64]
Numbers = NDArray[np.int64]
BASE = 0x9E3779B97F4A7C15  # odd, so that it has an inverse modulo 2^64
INVERSE = pow(BASE, -1, 2**64)
UNKNOWN = 0xFFFFFFFF  # of a character that was not met before


@dataclass(frozen=True)
class Letters:
    """The letters of some texts, one behind the other; text i has those from starts[i] on."""

    codes: Codes  # [letters]
    starts: Numbers  # [texts + 1]

    def of(self, i: int) -> Codes:
        """Return the letters of one text."""
        return self.codes[self.starts[i] : self.starts[i + 1]]

    def only(self, kept: NDArray[np.bool_]) -> "Letters":
        """Return the same with only some of the letters."""
        before = np.concatenate((np.zeros(1, np.int64), np.cumsum(kept, dtype=np.int64)))
        return Letters(self.codes[kept], before[self.starts])


def letters(texts: Sequence[str], longest: int) -> Letters:
    """Return the letters of texts; of each the first `longest` characters count.

    >>> found = letters(["Déjà vu!", "", "dejavu"], 100)
    >>> found.starts.tolist(), bytes(found.of(0).astype("u1"))
    ([0, 6, 6, 12], b'dejavu')
    """
    cut = [text[:longest] for text in texts]
    data = "".join(cut).encode("utf-32-le", "surrogatepass")
    codes = np.frombuffer(data, dtype="<u4")
    lengths = np.fromiter(map(len, cut), np.int64, len(cut))
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(lengths)))
    table = letter_table()
    found = table[codes]
    if found.size and found.max() == UNKNOWN:
        for code in np.unique(codes[found == UNKNOWN]):
            table[code] = letter(chr(code))
        found = table[codes]
    return Letters(found, starts).only(found != 0)


@cache
def letter_table() -> Codes:
    """Return the letter that each code point stands for, filled in as texts need it."""
    return np.full(0x110000, UNKNOWN, np.uint32)


def letter(character: str) -> int:
    """Return the code of the letter that a character stands for; 0: it is none.

    Accents and vowel points go; marks without which a word is another one (Indic vowels) stay.

    >>> chr(letter("É")), chr(letter("ﬁ")), letter("-"), letter("\\u0301"), letter("\\ud800")
    ('e', 'f', 0, 0, 0)
    """
    whole = unicodedata.normalize("NFKD", character).casefold()
    bare = [c for c in whole if not unicodedata.combining(c)]
    if len(bare) > 1 and unicodedata.category(character) == "Lo":
        bare = [character]  # a Hangul syllable, say: its parts are no letters of their own
    return ord(bare[0]) if bare and unicodedata.category(bare[0])[0] in "LNM" else 0


@cache
def digit_table() -> NDArray[np.bool_]:
    """Return for each code point whether it is a decimal digit of any script."""
    found = np.zeros(0x110000, np.bool_)
    found[[c for c in range(0x20000) if chr(c).isdecimal()]] = True
    return found


@cache
def powers(base: int, most: int) -> Hashes:
    """Return base^0, base^1, ... modulo 2^64."""
    factors = np.full(most, base, np.uint64)
    factors[0] = 1
    return np.cumprod(factors, dtype=np.uint64)


def power(base: int, count: int) -> Hashes:
    """Return the first `count` powers; tables are kept in sizes that double."""
    return powers(base, 1 << max(count - 1, 1).bit_length())[:count]


def mixed(values: Hashes) -> Hashes:
    """Mix numbers in place: each bit depends on all (finalizer of splitmix64, Steele 2014)."""
    high = values >> np.uint64(30)
    values ^= high
    values *= np.uint64(0xBF58476D1CE4E5B9)
    values ^= np.right_shift(values, np.uint64(27), out=high)
    values *= np.uint64(0x94D049BB133111EB)
    values ^= np.right_shift(values, np.uint64(31), out=high)
    return values


@cache
def mixed_letters() -> Hashes:
    """Return the number that each letter is in a hash."""
    return mixed(np.arange(0x110000, dtype=np.uint64))


def windows(codes: Codes, n: int) -> Hashes:
    """Return the hash of every run of n letters, [letters - n + 1]; equal runs have equal ones.

    >>> found = windows(np.array([1, 2, 3, 1, 2], np.uint32), 2)
    >>> len(found), found[0] == found[3], found[0] == found[1]
    (4, np.True_, np.False_)
    """
    if codes.size < n:
        return np.empty(0, np.uint64)
    sums = summed(codes)
    runs = sums[n:] - sums[:-n]
    runs *= power(INVERSE, runs.size)
    return mixed(runs)


def wholes(found: Letters) -> Hashes:
    """Return the hash of each text as one run of letters, [texts].

    >>> hashes = wholes(letters(["wood", "would", "wood"], 10))
    >>> hashes[0] == hashes[2], hashes[0] == hashes[1]
    (np.True_, np.False_)
    """
    sums, starts = summed(found.codes), found.starts
    runs = sums[starts[1:]] - sums[starts[:-1]]
    runs *= power(INVERSE, sums.size)[starts[:-1]]
    return mixed(runs)


def summed(codes: Codes) -> Hashes:
    """Return the polynomial of the letters before each place, [letters + 1]."""
    terms = mixed_letters()[codes]
    terms *= power(BASE, codes.size)
    sums = np.zeros(codes.size + 1, np.uint64)
    np.cumsum(terms, out=sums[1:])
    return sums
