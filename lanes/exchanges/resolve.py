"""Sessions that changed in; their families, placements and exchanges out, made anew."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from lanes.exchanges.families import family_of, parents_of, session_ranks, shared_pairs
from lanes.exchanges.logged import name_aliases
from lanes.exchanges.place import place
from lanes.exchanges.structure import Bools, Structure, load, query
from lanes.exchanges.tables import exchange_id, exchange_rows, placement_rows, session_rows
from lanes.exchanges.touched import touch

AT_ONCE = 100_000  # records; what stands across them is worked out in memory


def resolve(con: Any, session_ids: set[str]) -> None:
    """Make anew what stands across records, for these sessions and all they hang on.

    The result depends on the rows of messages, links and facts alone, not on when they came, nor
    on how the sessions are shared out: where one is looked at, so is whatever hangs on it by then.
    It runs inside the caller's transaction.
    """
    for share in shares(con, session_ids):
        resolve_together(con, share)


def shares(con: Any, session_ids: set[str]) -> Iterator[set[str]]:
    """Yield the sessions in sets of at most about so many records, in a fixed order."""
    share, records = set[str](), 0
    sizes = dict(con.execute(query("sizes")).fetchall()) if session_ids else {}
    for session_id in sorted(session_ids):
        share.add(session_id)
        records += sizes.get(session_id, 0)
        if records >= AT_ONCE:
            yield share
            share, records = set(), 0
    if share:
        yield share


def resolve_together(con: Any, session_ids: set[str]) -> None:
    """Make anew what stands across the records of these sessions and of all they hang on."""
    touch(con, session_ids)
    name_aliases(con)
    s = load(con)
    if not len(s.id):
        return
    order = con.sql(query("files")).fetchall()
    position = {file: i for i, (file, _) in enumerate(order)}
    source = dict(order)
    sources = [source[file] for file in s.files]
    told, forked = _told(con, s)
    family = family_of(len(s.sessions), [*shared_pairs(s), *told])
    ranks = session_ranks(s, family, forked)
    ticks = _ticks(con, s)
    file_rank = np.array([position[file] for file in s.files], np.int64)
    p = place(s, ranks, file_rank, ticks)
    openers = s.table["message_id"].take(pa.array(p.opener)).to_pylist()
    names = pa.array([exchange_id(name) for name in openers], pa.string())
    parents = parents_of(s, p.owner, ranks, told)
    tables = {
        "new_sessions": session_rows(s, family, ranks, parents, (file_rank, sources)),
        "new_placements": placement_rows(s, p, ticks, names),
        "new_exchanges": exchange_rows(s, p, ticks, names, sources),
    }
    for name, table in tables.items():
        con.register(name, table)
    con.execute(query("write"))
    for name in tables:
        con.unregister(name)


def _told(con: Any, s: Structure) -> tuple[list[tuple[int, int]], set[int]]:
    """Return pairs (parent, child) of sessions that records name, and which say they are forks."""
    code = {name: i for i, name in enumerate(s.sessions)}
    pairs, forked = [], set()
    for session, kind, other in con.sql(query("told")).fetchall():
        if session in code and other in code and session != other:
            is_fork = kind == "forked_from"
            parent, child = (other, session) if is_fork else (session, other)
            pairs.append((code[parent], code[child]))
            forked |= {code[child]} if is_fork else set()
    return pairs, forked


def _ticks(con: Any, s: Structure) -> Bools:
    """Say which rows a schedule sent."""
    found = {tuple(row) for row in con.sql(query("ticks")).fetchall()}
    ticks = np.zeros(len(s.id), np.bool_)
    if found:
        places = zip(
            s.table["file_id"].to_pylist(), s.table["record_ordinal"].to_pylist(), strict=True
        )
        ticks[:] = [place in found for place in places]
    return ticks
