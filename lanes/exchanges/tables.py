"""Columns of integers in, the rows to be written out: sessions, placements and exchanges."""

from hashlib import blake2b

import numpy as np
import pyarrow as pa

from lanes.exchanges.place import Placed
from lanes.exchanges.structure import NO_TIME, NONE, Bools, Ints, Structure
from lanes.sources.times import UTC_TIME


def exchange_id(message_id: str) -> str:
    """Return the name of the exchange that a message opens, the same for every copy of it.

    >>> exchange_id("9e953218-585f-4692-89df-9e0747a31c68")
    'x82b66b718f7f5518'
    """
    return "x" + blake2b(message_id.encode(), digest_size=8).hexdigest()


def take(table: pa.Table, column: str, rows: Ints) -> pa.ChunkedArray:
    """Return a column's values at rows, null where a row is NONE."""
    return table[column].take(pa.array(rows, pa.int64(), mask=rows == NONE))


def placement_rows(s: Structure, p: Placed, ticks: Bools, names: pa.Array) -> pa.Table:
    """Return a row for each message that counts."""
    tick = ticks[p.row]
    return pa.table(
        {name: take(s.table, name, p.row) for name in ("file_id", "record_ordinal", "message_id")}
        | {
            "session_id": take(s.table, "session_id", p.row),
            "exchange_id": names.take(pa.array(p.exchange)),
            "ordinal": p.ordinal,
            "on_path": p.on_path,
            "author": pa.array(["harness" if t else None for t in tick.tolist()], pa.string()),
            "kind": pa.array(["tick" if t else None for t in tick.tolist()], pa.string()),
        }
    )


def exchange_rows(
    s: Structure, p: Placed, ticks: Bools, names: pa.Array, sources: list[str]
) -> pa.Table:
    """Return a row for each exchange; its tools are counted where its calls are joined."""
    count, tick = len(p.opener), ticks[p.opener]
    times, kind = s.time[p.row], s.kind[p.row]
    answered = np.full(count, NO_TIME)
    np.maximum.at(answered, p.exchange, times)
    author, own_kind = (take(s.table, n, p.opener).to_numpy() for n in ("author", "kind"))
    return pa.table(
        {
            "exchange_id": names,
            "session_id": take(s.table, "session_id", p.opener),
            "agent_id": take(s.table, "agent_id", p.opener),
            "source": pa.array([sources[file] for file in s.file[p.opener].tolist()], pa.string()),
            "opener_id": take(s.table, "message_id", p.opener),
            "parent_exchange_id": names.take(pa.array(p.parent, mask=p.parent == NONE)),
            "ordinal": p.number,
            "author": np.where(tick | ~p.opens, "harness", author),
            "kind": np.where(tick, "tick", np.where(p.opens, own_kind, "notice")),
            "asked_at": _times(s.time[p.opener]),
            "answered_at": _times(answered),
            "interrupted": _counted(p.exchange, s.is_kind(kind, "interruption"), count) > 0,
            "on_path": ~p.aside,
            "messages": _counted(p.exchange, p.on_path, count),
            "api_errors": _counted(p.exchange, s.is_kind(kind, "api_error"), count),
        }
    )


def session_rows(
    s: Structure,
    family: list[int],
    ranks: Ints,
    parents: dict[int, str],
    files: tuple[Ints, list[str]],
) -> pa.Table:
    """Return a row for each session: its family is named after the session that began it.

    `files` are each file's place among all, and its source: a session's is that of its first file.
    """
    file_rank, sources = files
    first: dict[int, int] = {}
    for session in np.argsort(ranks).tolist():
        first.setdefault(family[session], session)
    a_file = np.zeros(len(s.sessions), np.int64)
    best = np.argsort(file_rank[s.file], kind="stable")[::-1]
    a_file[s.session[best]] = s.file[best]
    count = range(len(s.sessions))
    return pa.table(
        {
            "session_id": pa.array(s.sessions, pa.string()),
            "family_id": pa.array([s.sessions[first[f]] for f in family], pa.string()),
            "parent_session_id": pa.array([parents.get(i) for i in count], pa.string()),
            "source": pa.array([sources[a_file[i]] for i in count], pa.string()),
        }
    )


def _counted(group: Ints, which: Bools, count: int) -> Ints:
    return np.bincount(group[which], minlength=count)


def _times(values: Ints) -> pa.Array:
    return pa.array(values, pa.int64(), mask=values == NO_TIME).cast(UTC_TIME)
