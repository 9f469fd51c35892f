"""Splits: session families in, one of five splits each out, by hash and for ever.

A family is a session with its forks, resumes and subagents. Once it has a split it keeps it, so
what one build held out no later build trains on, however the history grows.
"""

import hashlib
from collections.abc import Iterable, Mapping
from datetime import date, datetime
from importlib.resources import files

import duckdb
import polars as pl

from filters.components import groups
from lanes.settings import Settings

SPLITS = ("train", "heads", "valid", "calib", "test")  # from the training side to the held-out side
Decided = dict[str, tuple[str, str]]  # family -> (split, reason)


class SplitSettings(Settings):
    """Shares of the five splits, the salt of the hash, and an optional cut in time."""

    salt: str
    shares: dict[str, int]
    test_after: date | None = None


def hashed(family_id: str, settings: SplitSettings) -> str:
    """Return the split that a family's hash falls in.

    >>> hashed("a", SplitSettings(salt="", shares={"train": 1}))
    'train'
    """
    digest = hashlib.blake2b(f"{settings.salt}\0{family_id}".encode(), digest_size=8).digest()
    point = int.from_bytes(digest) / 2**64 * sum(settings.shares.values())
    for split in SPLITS:
        point -= settings.shares.get(split, 0)
        if point < 0:
            return split
    return SPLITS[0]


def decide(
    families: Mapping[str, datetime | None],
    mirrors: Iterable[tuple[str, str]],
    decided: Mapping[str, str],
    settings: SplitSettings,
) -> Decided:
    """Return split and reason of every family that has none yet.

    `families` maps a family to the time it began, `mirrors` holds pairs of (copy, original).
    Mirrored families go together: to the most held-out split that one of them already has, else
    by the hash of the smallest id among them.
    """
    result: Decided = {}
    for group in groups(families, mirrors):
        new = [family for family in group if family not in decided]
        known = [decided[family] for family in group if family in decided]
        for family in new:
            if began_after(families.get(family), settings.test_after):
                result[family] = ("test", "time")
            elif known:
                result[family] = (max(known, key=SPLITS.index), "mirror")
            else:
                reason = "hash" if len(group) == 1 or family == group[0] else "mirror"
                result[family] = (hashed(group[0], settings), reason)
    return result


def began_after(began: datetime | None, cut: date | None) -> bool:
    """Return whether a family began on the day of the cut or later."""
    return began is not None and cut is not None and began.date() >= cut


def update_splits(con: duckdb.DuckDBPyConnection, settings: SplitSettings) -> int:
    """Give a split to every family that has none; return how many were decided.

    Reads the temporary table `lane_exchanges` and the clusters, writes `splits`.
    """
    known = dict(con.sql("select family_id, split from splits").fetchall())
    began = dict(
        con.sql("select family_id, min(asked_at) from lane_exchanges group by all").fetchall()
    )
    mirrors = con.sql((files("lanes") / "mirrors.sql").read_text(encoding="utf-8")).fetchall()
    rows = [(f, *v) for f, v in sorted(decide(began, mirrors, known, settings).items())]
    if rows:
        decided = pl.DataFrame(rows, schema=["family_id", "split", "reason"], orient="row")
        con.register("decided", decided.to_arrow())
        con.execute("insert into splits select *, now()::timestamp from decided")
        con.unregister("decided")
    return len(rows)
