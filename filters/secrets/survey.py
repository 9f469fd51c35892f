"""What stands where: places of findings come in, counts by kind and advice go out."""

from collections import Counter
from dataclasses import asdict, dataclass, field
from typing import Any

from filters.secrets.detectors import personal_kinds
from filters.secrets.kinds import advice


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

    def add(self, place: Place, digest: bytes) -> None:
        """Note a place, and the keyed hash of what stands there."""
        self.places.append(place)
        self.distinct.setdefault(place.kind, set()).add(digest)

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

    def by_place(self) -> list[dict[str, Any]]:
        """Return one row a kind in a message, call, memory, title or file name: how many are there.

        Credentials come first, the places that hold most of them before the others.
        """
        rows: dict[tuple[str, str, str], dict[str, Any]] = {}
        for p in self.places:
            made = {"kind": p.kind, "findings": 0, "field": p.field, "id": p.id}
            made |= {"session": p.session_id, "from": p.start, "to": p.end}
            row = rows.setdefault((p.kind, p.field, p.id), made)
            row["findings"] += 1
            row["from"] = min(row["from"], p.start)
            row["to"] = max(row["to"], p.end)
        return sorted(
            rows.values(),
            key=lambda r: (r["kind"] in personal_kinds(), -r["findings"], r["kind"], r["id"]),
        )

    def as_dict(self) -> dict[str, Any]:
        """Return kinds and places as plain values."""
        return {"kinds": self.rows(), "places": [asdict(place) for place in self.places]}
