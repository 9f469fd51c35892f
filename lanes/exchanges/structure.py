"""Records without their words: SQL in, columns of small integers out, which NumPy is quick with."""

from dataclasses import dataclass
from importlib.resources import files
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]
NONE = -1
NO_TIME = np.iinfo(np.int64).min


def query(name: str) -> str:
    """Return the text of a query that stands beside this module."""
    return (files("lanes.exchanges") / f"{name}.sql").read_text(encoding="utf-8")


@dataclass(slots=True)
class Structure:
    """A row a record, in the order of files and lines; codes point into the lists of names."""

    table: pa.Table  # file_id, record_ordinal, message_id, ... as the query gave them
    id: Ints  # of the record, equal for its copies
    parent: Ints  # the code of the record before, NONE without one or where it was never seen
    dangling: Bools  # it names a parent that was never seen
    session: Ints
    file: Ints
    thread: Ints  # a file's main thread or one of its agents'
    api: Ints
    time: Ints  # microseconds, or NO_TIME
    logged: Bools  # a line of a log, where neighbours are not one talk
    kind: Ints
    role: Ints
    sessions: list[str]
    files: list[str]
    kinds: list[str]
    roles: list[str]
    ids: int  # how many codes `id` has

    def kind_in(self, names: frozenset[str]) -> Bools:
        """Say of each record whether its kind is one of these."""
        return np.isin(self.kind, [i for i, kind in enumerate(self.kinds) if kind in names])

    def is_kind(self, kinds: Ints, name: str) -> Bools:
        """Say of some of the kinds' codes whether they mean this kind."""
        return kinds == (self.kinds.index(name) if name in self.kinds else NONE)

    def role_is(self, name: str) -> Bools:
        """Say of each record whether it has this role; "none" is that of links."""
        return self.role == (self.roles.index(name) if name in self.roles else NONE - 1)


def load(con: Any) -> Structure:
    """Load the records of the sessions in the table `touched`."""
    table: pa.Table = con.sql(query("structure")).to_arrow_table()
    names = pa.concat_arrays([table[name].combine_chunks() for name in ("message_id", "parent_id")])
    codes, _ = encode(names)
    count = table.num_rows
    ids, parents = codes[:count], codes[count:]
    known = np.zeros(codes.max(initial=NONE) + 2, np.bool_)
    known[ids] = True
    known[NONE] = False
    dangling = (parents != NONE) & ~known[parents]
    session, sessions = encode(table["session_id"])
    file, file_names = encode(table["file_id"])
    agent, agents = encode(table["agent_id"])
    api, _ = encode(table["api_id"])
    kind, kinds = encode(table["kind"])
    role, roles = encode(table["role"])
    time = pc.fill_null(pc.cast(table["sent_at"], pa.int64()), NO_TIME)
    return Structure(
        table=table,
        id=ids,
        parent=np.where(dangling, NONE, parents),
        dangling=dangling,
        session=session,
        file=file,
        thread=file * (len(agents) + 1) + agent + 1,
        api=api,
        time=time.to_numpy(),
        logged=table["logged"].to_numpy().astype(np.bool_),
        kind=kind,
        role=role,
        sessions=sessions,
        files=file_names,
        kinds=kinds,
        roles=roles,
        ids=int(codes.max(initial=NONE)) + 1,
    )


def encode(column: pa.Array | pa.ChunkedArray) -> tuple[Ints, list[Any]]:
    """Return a code a value, NONE for null, and the values by code.

    >>> encode(pa.array(["b", None, "a", "b"]))
    (array([ 0, -1,  1,  0]), ['b', 'a'])
    """
    if isinstance(column, pa.ChunkedArray):
        column = pa.concat_arrays(column.chunks) if column.chunks else pa.array([], column.type)
    encoded = column.dictionary_encode()
    codes = pc.fill_null(encoded.indices, NONE).to_numpy(zero_copy_only=False).astype(np.int64)
    return codes, encoded.dictionary.to_pylist()
