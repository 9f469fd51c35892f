"""Concept bundles: words that recur with a set of primitives, who is in them, and who is near.

A bundle that is found is named after its word, so its id is the same however the history grows.
"""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from itertools import islice

import duckdb
import numpy as np
import polars as pl

from labelers.concept import concepts
from labelers.kernel_bundles import kernel_bundles
from labelers.measure import settings
from labelers.vectors import WORD, vectors
from warehouse.statements import execute_file

LIKELY = 0.5  # a primitive is there from this probability on
RECURS, SESSIONS, LIFT = 3, 3, 3.0  # exchanges and sessions with word and primitive; beyond chance
SHORTEST, MOST = 4, 0.2  # letters of a word; share of the exchanges that may hold it
NEAREST = 5


@dataclass(frozen=True)
class Exchange:
    """What a bundle is made from: who it is, its words, its likely primitives."""

    id: str
    session: str
    text: str
    words: frozenset[str]
    primitives: dict[str, float]


@dataclass(frozen=True)
class Bundle:
    """A set of primitives and words."""

    id: str
    origin: str
    name: str
    words: tuple[str, ...]
    primitives: tuple[str, ...]

    def strength(self, exchange: Exchange) -> float | None:
        """Return the mean probability of its primitives in an exchange; None: not a member."""
        here = [exchange.primitives[p] for p in self.primitives if p in exchange.primitives]
        member = here and not exchange.words.isdisjoint(self.words)
        return sum(here) / len(self.primitives) if member else None


def refresh_bundles(con: duckdb.DuckDBPyConnection) -> None:
    """Make bundles, members and neighbours anew from words and labels."""
    names = [c.id for c in concepts().values() if c.kind == "primitive"]
    con.register("primitives", pl.DataFrame({"label": names}).to_arrow())
    exchanges = [
        Exchange(name, session, text or "", frozenset(words_of(text or "")), dict(likely))
        for name, session, text, likely in execute_file(
            con, "labelers", "bundle_words.sql", likely=LIKELY
        )
    ]
    con.unregister("primitives")
    bundles = [*named_bundles(), *found_bundles(exchanges)]
    members = [
        (exchange.id, bundle.id, strength)
        for bundle in bundles
        for exchange in exchanges
        if (strength := bundle.strength(exchange)) is not None
    ]
    sessions = {exchange.id: exchange.session for exchange in exchanges}
    inside: dict[str, list[str]] = defaultdict(list)
    for exchange_id, bundle_id, _ in members:
        inside[bundle_id].append(exchange_id)
    rows = [
        (b.id, b.origin, b.name, list(b.words), list(b.primitives), len(inside[b.id]),
         len({sessions[x] for x in inside[b.id]}))
        for b in bundles
    ]  # fmt: skip
    somewhere = {exchange_id for exchange_id, _, _ in members}
    near = neighbours({e.id: e.text for e in exchanges if e.id in somewhere}, inside)
    con.execute("begin")
    for table, content in (("bundles", rows), ("bundle_members", members), ("neighbours", near)):
        con.execute(f"delete from {table}")
        if content:
            con.register("made", pl.DataFrame(content, orient="row").to_arrow())
            con.execute(f"insert into {table} from made")
            con.unregister("made")
    con.execute("commit")


@cache
def function_words() -> frozenset[str]:
    """Return words that say nothing of a subject, in the languages of the sample history."""
    return frozenset((files("labelers") / "function_words.txt").read_text("utf-8").split())


def words_of(text: str) -> list[str]:
    """Return the words of a text, in small letters."""
    return WORD.findall(text.lower())


def telling(word: str) -> bool:
    """Say whether a bundle may be named after a word: long enough, and no function word."""
    return len(word) >= SHORTEST and word not in function_words()


def named_bundles() -> list[Bundle]:
    """Return the bundles that the kernel names, without primitives that are switched off."""
    known = concepts()
    return [
        Bundle(one.id, "kernel", one.name, one.words, primitives)
        for one in kernel_bundles()
        if (primitives := tuple(name for name in one.primitives if name in known))
    ]


def found_bundles(exchanges: Sequence[Exchange]) -> list[Bundle]:
    """Return a bundle for each word that recurs with primitives beyond chance.

    Lift is how often word and primitive meet, over how often they would by chance.
    """
    holders: dict[str, list[Exchange]] = defaultdict(list)
    total: dict[str, int] = defaultdict(int)
    for exchange in exchanges:
        for word in exchange.words:
            holders[word].append(exchange)
        for primitive in exchange.primitives:
            total[primitive] += 1
    found = []
    for word, those in sorted(holders.items()):
        if not telling(word) or len(those) < RECURS or len(those) > MOST * len(exchanges):
            continue
        primitives = [
            p
            for p in sorted({p for e in those for p in e.primitives})
            if recurs(p, those) and lift(p, those, total[p], len(exchanges)) >= LIFT
        ]
        if primitives:
            digest = hashlib.blake2b(word.encode(), digest_size=6).hexdigest()
            found.append(Bundle(f"b{digest}", "history", word, (word,), tuple(primitives)))
    return found


def recurs(primitive: str, those: Sequence[Exchange]) -> bool:
    """Say whether a primitive is in enough of some exchanges, from enough sessions."""
    having = [e for e in those if primitive in e.primitives]
    return len(having) >= RECURS and len({e.session for e in having}) >= SESSIONS


def lift(primitive: str, those: Sequence[Exchange], total: int, everything: int) -> float:
    """Return how much more often a primitive is in some exchanges than in all."""
    having = sum(primitive in e.primitives for e in those)
    return having / len(those) / (total / everything)


def neighbours(
    texts: Mapping[str, str], inside: Mapping[str, Sequence[str]], most: int = NEAREST
) -> list[tuple[str, str, int, float]]:
    """Return for each exchange those nearest to it among all that share a bundle with it.

    `texts` are those of all that are in a bundle, `inside` the members of each. Returned are
    exchange, neighbour, rank from 1, and cosine.
    """
    if len(texts) < 2:
        return []
    known = settings()
    made = vectors(list(texts.values()), known.buckets, known.gram)
    place = {exchange_id: i for i, exchange_id in enumerate(texts)}
    bundles: dict[str, list[str]] = defaultdict(list)
    for bundle, members in inside.items():
        for one in members:
            bundles[one].append(bundle)
    found = []
    for exchange_id, here in place.items():
        shared = {one for bundle in bundles[exchange_id] for one in inside[bundle]}
        others = sorted(shared - {exchange_id})
        if not others:
            continue
        cosines = (made[[place[x] for x in others]] @ made[[here]].T).toarray().ravel().round(6)
        order = np.argsort(-cosines, kind="stable")
        for rank, j in enumerate(islice(order, most), 1):
            found.append((exchange_id, others[j], rank, round(float(cosines[j]), 4)))
    return found
