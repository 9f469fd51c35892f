"""A warehouse comes in; findings by kind and place go out, and how many different secrets."""

import hashlib
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from importlib.resources import files
from typing import Any

import duckdb
import pyarrow as pa

from filters.secrets.finding import Finding, scan_many
from filters.secrets.home import home_literals, home_salt
from filters.secrets.kinds import advice
from filters.secrets.redact import literal_pattern


@dataclass(frozen=True)
class Place:
    """Where in the history a secret stands; never what it is."""

    kind: str
    field: str
    id: str
    exchange_id: str | None
    session_id: str | None
    start: int
    end: int


@dataclass
class Survey:
    """All places, and the different secrets of each kind."""

    places: list[Place] = field(default_factory=list)
    distinct: dict[str, set[bytes]] = field(default_factory=dict)

    def rows(self) -> list[dict[str, Any]]:
        """Return one row a kind, the most frequent first."""
        counts = Counter(place.kind for place in self.places)
        sessions = Counter(kind for kind, _ in {(p.kind, p.session_id) for p in self.places})
        return [
            {
                "kind": kind,
                "findings": count,
                "different": len(self.distinct[kind]),
                "sessions": sessions[kind],
                "advice": advice(kind),
            }
            for kind, count in sorted(counts.items(), key=lambda item: (-item[1], item[0]))
        ]

    def as_dict(self) -> dict[str, Any]:
        """Return kinds and places as plain values."""
        return {"kinds": self.rows(), "places": [asdict(place) for place in self.places]}


def survey(
    con: duckdb.DuckDBPyConnection,
    kinds: frozenset[str] | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Survey:
    """Scan every message, memory and tool call of the warehouse; `progress` is told characters."""
    return surveyed(strings(con), kinds, progress)


def strings(con: duckdb.DuckDBPyConnection) -> pa.RecordBatchReader:
    """Return every string of the warehouse with its place; `con` is theirs until the last one."""
    query = (files("filters.secrets") / "strings.sql").read_text(encoding="utf-8")
    return con.sql(query).to_arrow_reader(2048)


def surveyed(
    batches: Iterable[pa.RecordBatch],
    kinds: frozenset[str] | None = None,
    progress: Callable[[int], object] = lambda _: None,
) -> Survey:
    """Scan strings with their places, as `strings` gives them."""
    salt, literals = home_salt(), literal_pattern(home_literals())
    result = Survey()
    for batch in batches:
        rows = batch.to_pylist()
        texts = [row["text"] for row in rows]
        for row, findings in zip(rows, scan_many(texts, literals), strict=True):
            for finding in findings:
                if kinds is None or finding.kind in kinds:
                    _add(result, row, finding, salt)
        progress(sum(map(len, texts)))
    return result


def _add(result: Survey, row: dict[str, Any], finding: Finding, salt: bytes) -> None:
    secret = row["text"][finding.start : finding.end].encode("utf-8", "surrogatepass")
    digest = hashlib.blake2b(secret, key=salt, digest_size=16).digest()
    result.distinct.setdefault(finding.kind, set()).add(digest)
    place = {name: row[name] for name in ("field", "id", "exchange_id", "session_id")}
    result.places.append(Place(finding.kind, **place, start=finding.start, end=finding.end))
