"""What a lane is: settings and a warehouse with a plan in, rows out. Everything else is shared."""

import importlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import duckdb
import pyarrow as pa

from filters.secrets import Redactor
from lanes.settings import Settings
from warehouse.errors import AgpError

# name -> module that holds LANE
LANES = {name: f"lanes.{name}" for name in ("sft", "routing", "semantic", "transfer")}


@dataclass
class Turn:
    """An exchange's place in a row, for the way back."""

    exchange_id: str
    session_id: str
    weight: float
    supervised: bool


@dataclass
class Row:
    """A row of a dataset: what is exported, where it goes, and what it was made of."""

    split: str
    data: dict[str, Any]
    turns: list[Turn]
    counts: Counter[str]  # what the tables add up by split: chars, messages, ...


@dataclass
class Work:
    """What a lane works with while it makes rows, and where it counts what it left out."""

    con: duckdb.DuckDBPyConnection
    settings: Any
    redactor: Redactor
    advance: Callable[[int], None]
    left_out: Counter[str] = field(default_factory=Counter)
    prepared: Mapping[str, Any] = field(default_factory=dict)  # what the lane's `prepare` returned


Counts = Mapping[str, Counter[str]]  # what the rows of each split add up to


def nothing_to_prepare(con: duckdb.DuckDBPyConnection, settings: Any) -> dict[str, Any]:
    """Leave the warehouse as it is: exchanges and rules are all that the lane reads."""
    return {}


def nothing_missing(settings: Any, counts: Counts) -> list[str]:
    """Find no build too small."""
    return []


class NotYet(AgpError):
    """A lane lacks something that it is made of; one command makes that, or shows why."""

    def __init__(self, lacks: str, command: str, does: str = "") -> None:
        """Say what is lacking, and the command to run first or what it does."""
        super().__init__(
            f"{lacks}; " + (f"`{command}` {does}" if does else f"run `{command}` first")
        )
        self.lacks, self.command = lacks, command


@dataclass(frozen=True)
class Lane:
    """A lane, as the build machinery sees it.

    `prepare` brings up to date what the lane reads beside exchanges and rules, and returns what the
    manifest keeps of it. `missing` says, a line each, what a build wants for: rows, classes.
    A lane with a `plan` of its own asks no rule: it returns how many of its sources make rows, and
    how many do not for which reason. `audit` is the statement that reads one split's file,
    `audited` what its lengths and its balance are of; `counted` are the columns of a build's table
    beside rows. `supervised` says in words of what, and which of them, a build's supervised share
    is; `share` are the counts that it divides.
    """

    name: str
    settings: type[Settings]
    schema: Callable[[Any], pa.Schema]
    rows: Callable[[Work], Iterator[Row]]
    card: str  # a paragraph of the dataset card: what a row is
    prepare: Callable[[duckdb.DuckDBPyConnection, Any], Mapping[str, Any]] = nothing_to_prepare
    missing: Callable[[Any, Counts], list[str]] = nothing_missing
    plan: Callable[[duckdb.DuckDBPyConnection, date | None], dict[str | None, int]] | None = None
    audit: str = "audit.sql"
    audited: tuple[str, str] = ("characters of a row", "rows that hold")
    counted: tuple[str, ...] = ("exchanges", "context", "messages")
    supervised: str = "of the characters those that earn loss"
    share: tuple[str, str] = ("supervised_chars", "chars")


def lane_named(name: str) -> Lane:
    """Return a lane by its name.

    >>> lane_named("sft").name
    'sft'
    """
    if name not in LANES:
        raise AgpError(f"there is no lane {name}; there are: {', '.join(LANES)}")
    return importlib.import_module(LANES[name]).LANE
