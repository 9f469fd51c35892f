"""Contamination: written rows in, out the exchanges that repeat one on a more held-out side.

It knows nothing of clusters and splits in the warehouse: it reads what was written, and compares
the words there: exactly, without case, spaces and marks, and for near copies.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from filters.near import near_pairs
from filters.sketches import Document
from lanes.split import SPLITS

BATCH = 500  # rows that are read at once
DROPPED = str.maketrans("", "", " \t\r\n.,;:!?\"'`*_()[]{}<>-")


@dataclass(frozen=True, slots=True)  # there may be a million
class Unit:
    """An exchange as it stands in a row of a build, or a prompt of a pack; `row` from 0."""

    where: str  # the build, or the pack
    split: str
    row: int
    exchange_id: str
    document: Document

    def side(self) -> int:
        """Return how far held out it stands."""
        return SPLITS.index(self.split)


@dataclass(frozen=True)
class Overlap:
    """A unit that repeats another one which stands further on the held-out side."""

    unit: Unit
    other: Unit
    kind: str  # exact, normalised or near
    similarity: float

    def plain(self) -> dict[str, Any]:
        """Return it without its words."""
        places = {name: asdict(getattr(self, name)) for name in ("unit", "other")}
        for place in places.values():
            del place["document"]
        return {"kind": self.kind, "similarity": round(self.similarity, 4), **places}


def units(folder: Path, where: str = "build") -> list[Unit]:
    """Return every exchange of the written files of a build, once in each split.

    Rows of the transfer lane hold no words, and so no units.
    """
    found: dict[tuple[str, str], Unit] = {}
    for split in SPLITS:
        path = folder / f"{split}.parquet"
        for number, row in enumerate(rows(path)) if path.exists() else ():
            for exchange_id, document in exchanges(row):
                one = Unit(where, split, number, exchange_id, document)
                found.setdefault((split, exchange_id), one)
    return list(found.values())


def rows(path: Path) -> Iterator[dict[str, Any]]:
    """Yield the rows of a Parquet file, a batch in memory at a time."""
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(BATCH):
            yield from batch.to_pylist()


def exchanges(row: Mapping[str, Any]) -> Iterator[tuple[str, Document]]:
    """Yield the exchanges in a row of any lane, each as what was asked and what was answered.

    >>> list(exchanges({"exchange_id": "x1", "text": "Why?", "answer": "So."}))
    [('x1', ('Why?', 'So.'))]
    """
    if "messages" in row:
        parts = zip(row["exchange_of"], row["messages"], strict=True)
        said = [(at, message["role"], message["content"] or "") for at, message in parts]
        for number, name in enumerate(row["exchange_ids"]):
            yield name, asked_and_told((role, text) for at, role, text in said if at == number)
    elif "turns" in row:
        told = ((turn["role"], turn["text"] or "") for turn in row["turns"])
        yield row["exchange_id"], asked_and_told(told)
    elif "text" in row:
        yield row["exchange_id"], (row["text"], row["answer"])


def asked_and_told(parts: Iterable[tuple[str, str]]) -> Document:
    """Return the words of a person and those of the agent and its tools."""
    asked, told = [], []
    for role, text in parts:
        (asked if role == "user" else told).append(text)
    return "\n".join(asked), "\n".join(told)


def overlaps(found: Sequence[Unit], against: Sequence[Unit] | None = None) -> list[Overlap]:
    """Return each unit that repeats a more held-out one of `against`, with the furthest of those.

    By default the units are compared with each other.
    """
    mine = alike(found)
    theirs = mine if against is None else alike(against)
    whole = theirs | mine
    keys = list(whole)
    held = {i: max(theirs[key], key=Unit.side) for i, key in enumerate(keys) if key in theirs}
    near: dict[int, dict[int, float]] = defaultdict(dict)
    for one, other, similarity in near_pairs([whole[key][0].document for key in keys]):
        near[one][other] = near[other][one] = similarity
    result = []
    for at, key in enumerate(keys):
        alike_to = {at: 1.0} | near.get(at, {})
        repeated = [(held[i].side(), alike_to[i], i) for i in alike_to if i in held]
        side, similarity, i = max(repeated, default=(0, 0.0, at))
        for unit in mine.get(key, ()):
            if unit.side() < side:
                result.append(Overlap(unit, held[i], kind(unit, held[i], i == at), similarity))
    return result


def alike(found: Sequence[Unit]) -> dict[bytes, list[Unit]]:
    """Return units by a hash of their words without case, spaces and marks.

    Those without words are left out.
    """
    result: dict[bytes, list[Unit]] = defaultdict(list)
    for unit in found:
        if words := bare(unit.document):
            text = "\0".join(words).encode("utf-8", "surrogatepass")
            result[blake2b(text, digest_size=16).digest()].append(unit)
    return result


def kind(unit: Unit, other: Unit, same: bool) -> str:
    """Return how one unit repeats another; `same`: but for case, spaces and marks at most."""
    if not same:
        return "near"
    return "exact" if unit.document == other.document else "normalised"


def bare(document: Document) -> Document | None:
    """Return a document without case, spaces and marks; None where nothing is left of its first.

    >>> bare(("Fix it!", "Done.")), bare(("?!", "Done."))
    (('fixit', 'done'), None)
    """
    texts = tuple(text.lower().translate(DROPPED) for text in document)
    return texts if texts and texts[0] else None


def told(found: Sequence[Overlap]) -> dict[str, Any]:
    """Return overlaps as an audit shows them, counted by split and listed."""
    counted = Counter(f"{found.unit.split} → {found.other.split}" for found in found)
    return {
        "overlaps": dict(sorted(counted.items())),
        "exchanges": [overlap.plain() for overlap in found],
    }
