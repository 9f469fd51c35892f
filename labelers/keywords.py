"""What keyword functions see in texts that stand alone, and the same texts without it.

A model that is trained on labels of words may learn the words alone; so it is also asked about
texts from which everything that a keyword function looks for was taken out.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import duckdb
import numpy as np
import pyarrow as pa

from labelers.function import TextFunction, term_pattern
from labelers.load import Labeler
from labelers.masking import patterns


@contextmanager
def table(texts: Sequence[str]) -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a database in memory with the table texts (i, text)."""
    numbered = pa.table({"i": pa.array(range(len(texts)), pa.int64()), "text": list(texts)})
    with duckdb.connect() as con:
        con.register("given", numbered)
        con.execute("create table texts as select i, text::varchar as text from given")
        yield con


def without_keywords(texts: Sequence[str], labelers: Sequence[Labeler]) -> list[str]:
    """Return texts without what any keyword function looks for.

    Two finds may share the space between them, and taking one out may bring others together, so it
    is done until nothing is found.
    """
    with table(texts) as con:
        while sum(taken_out(con, pattern) for pattern in patterns(labelers)):
            pass
        return [row[0] for row in con.execute("select text from texts order by i").fetchall()]


def taken_out(con: duckdb.DuckDBPyConnection, pattern: str) -> int:
    """Take out of the table's texts what a pattern matches; return how many texts changed.

    A text never grows, so a pattern that matches nothing at all changes nothing.
    """
    taken = con.execute(
        "update texts set text = regexp_replace(text, $p, ' ', 'g') "
        "where regexp_matches(text, $p) and regexp_replace(text, $p, ' ', 'g') <> text "
        "and length(regexp_replace(text, $p, ' ', 'g')) <= length(text)",
        {"p": pattern},
    )
    return taken.fetchall()[0][0]


def holds(texts: Sequence[str], searched: Sequence[str]) -> np.ndarray:
    """Return [n x p] bool: which of some RE2 patterns each text holds."""
    found = np.zeros((len(texts), len(searched)), bool)
    with table(texts) as con:
        for j, pattern in enumerate(searched):
            query = "select i from texts where regexp_matches(text, $p)"
            found[[row[0] for row in con.execute(query, {"p": pattern}).fetchall()], j] = True
    return found


def keyword_scores(
    texts: Sequence[str], labelers: Sequence[Labeler], labels: Sequence[str]
) -> np.ndarray:
    """Return [n x l]: the surest keyword function for each label, less the surest against it.

    Only functions that read the prompt itself have a say; 0 where none speaks.
    """
    known = [(label, f) for one in labelers for label, f in votes(one) if label in labels]
    searched = [(labels.index(label), sign, f.confidence, p) for label, f in known
                for sign, p in sides(f)]  # fmt: skip
    found = holds(texts, [pattern for *_, pattern in searched])
    score = np.zeros((2, len(texts), len(labels)))
    for hit, (label, sign, confidence, _) in zip(found.T, searched, strict=True):
        score[sign, :, label] = np.maximum(score[sign, :, label], hit * confidence)
    return score[0] - score[1]


def votes(labeler: Labeler) -> Iterator[tuple[str, TextFunction]]:
    """Yield the label and function of a labeler that looks for words in what was asked."""
    text = labeler.text
    if text is not None and text.kind != "sql" and text.on == "prompt":
        yield labeler.labels[0], text


def sides(function: TextFunction) -> Iterator[tuple[int, str]]:
    """Yield 0 and the pattern that speaks for the label, 1 and the one that speaks against it."""
    for sign, side in enumerate((function.yes, function.no)):
        if side is not None:
            yield sign, side if isinstance(side, str) else term_pattern(side)
