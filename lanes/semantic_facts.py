"""What the semantic lane knows of exchanges before their words are read: a plan and labels in,
labels, copies, bundles and neighbours of each exchange out."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from importlib.resources import files

import duckdb
from pydantic import Field, NonNegativeInt, PositiveInt

from labelers.bundles import neighbours
from labelers.concept import concepts
from lanes.oversample import copies
from lanes.settings import Settings

COMPARED = 2000  # characters that neighbours are found by
TRAINED = ("train", "heads")  # the splits that something is trained on
KINDS = {"primitives": "primitive", "invariants": "invariant"}  # column -> kind of concept


class Recurs(Settings):
    """From how many rows and sessions of the training side on a bundle counts."""

    rows: PositiveInt
    sessions: PositiveInt


class SemanticSettings(Settings):
    """What lanes/semantic.toml holds; its comments say what each is."""

    max_chars: PositiveInt
    answer_chars: NonNegativeInt
    before_exchanges: NonNegativeInt
    before_chars: PositiveInt
    likely: float = Field(gt=0, lt=1)
    share: float = Field(gt=0, lt=1)
    max_copies: PositiveInt
    neighbours: NonNegativeInt
    bundle: Recurs
    minimum: dict[str, int]
    balance: dict[str, int]


@dataclass
class Facts:
    """What is known of an exchange, without its words."""

    exchange_id: str
    session_id: str
    split: str
    script: str
    right_to_left: bool
    labels: dict[str, float]  # those on which something voted
    bundles: list[str]
    copies: int = 1
    neighbours: list[str] = field(default_factory=list)

    def classes(self, likely: float) -> set[str]:
        """Return what is over-sampled: labels that hold, and writing in another script."""
        known = concepts()
        held = {
            label
            for label, probability in self.labels.items()
            if probability >= likely and label in known and known[label].kind in KINDS.values()
        }
        return held | ({"cross-script"} if self.script not in ("latin", "none") else set())


def facts(con: duckdb.DuckDBPyConnection, settings: SemanticSettings) -> dict[str, Facts]:
    """Return what is known of each exchange of the plan, with its copies and its neighbours.

    Bundles are those that recur on the training side, and neighbours are of the same split and
    found in it alone, so that no row says anything of the words of another split.
    """
    query = (files("lanes") / "semantic_facts.sql").read_text(encoding="utf-8")
    known = {row[0]: Facts(*row) for row in con.sql(query).fetchall()}
    inside = {bundle: rows for bundle, rows in members(known).items() if recurs(rows, settings)}
    for one in known.values():
        one.bundles = [bundle for bundle in one.bundles if bundle in inside]
    trained = {name for name, one in known.items() if one.split in TRAINED}
    held = {name: one.classes(settings.likely) for name, one in known.items()}
    for name, n in copies(held, settings.share, settings.max_copies, trained).items():
        known[name].copies = n if name in trained else 1
    add_neighbours(con, known, settings.neighbours)
    return known


def members(known: Mapping[str, Facts]) -> dict[str, list[Facts]]:
    """Return the exchanges in each bundle."""
    inside: dict[str, list[Facts]] = defaultdict(list)
    for one in known.values():
        for bundle in one.bundles:
            inside[bundle].append(one)
    return inside


def recurs(rows: Sequence[Facts], settings: SemanticSettings) -> bool:
    """Say whether a bundle has enough rows, of enough sessions, on the training side."""
    trained = [one for one in rows if one.split in TRAINED]
    wanted = settings.bundle
    return len(trained) >= wanted.rows and len({o.session_id for o in trained}) >= wanted.sessions


def add_neighbours(con: duckdb.DuckDBPyConnection, known: dict[str, Facts], most: int) -> None:
    """Find for each exchange the nearest of its split that share a bundle with it."""
    query = (files("lanes") / "semantic_openers.sql").read_text(encoding="utf-8")
    texts = dict(con.execute(query, {"chars": COMPARED}).fetchall())
    for split in {one.split for one in known.values()}:
        inside = {
            bundle: [one.exchange_id for one in rows if one.split == split]
            for bundle, rows in members(known).items()
        }
        here = {x: texts.get(x) or "" for x, one in known.items() if one.split == split}
        here = {x: text for x, text in here.items() if known[x].bundles}
        for exchange_id, other, _, _ in neighbours(here, inside, most):
            known[exchange_id].neighbours.append(other)
