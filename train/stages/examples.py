"""What heads learn from: a labelled capture in, shards of facts and labels beside its states out.

The warehouse is asked once, shard by shard; afterwards nothing but files is read, a few shards at a
time, so memory follows neither the length of a capture nor the number of epochs.
"""

from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import mlx.core as mx
import numpy as np

from labelers import oracle
from train.harness.capture import read_manifest
from train.harness.planted import KINDS
from train.harness.shards import finished_shard, read_shard, write_shard
from train.model.heads import ROUTES, SCALARS, VITALITIES
from train.model.identity import Identity
from warehouse.errors import AgpError
from warehouse.statements import statement
from warehouse.store import open_reader, open_writer

WAIT = 30.0  # seconds for another writer to finish
Arrays = dict[str, np.ndarray]
Note = dict[str, Any]


@dataclass(frozen=True)
class Labelled:
    """A capture with a version of its labels, ready to be read."""

    folder: Path
    facts: dict[str, Any]  # the capture's manifest
    version: str
    lens: str
    notes: tuple[Note, ...]  # of the shards of examples, one for each of states

    @property
    def layers(self) -> list[int]:
        """Return the candidate boundaries."""
        return self.facts["layers"]

    def identity(self) -> Identity:
        """Return which model the states are of."""
        return Identity.of(self.facts)


def labelled(folder: Path) -> Labelled:
    """Label a capture where that is still to be done, and bring the labels into files."""
    facts = read_manifest(folder)
    if "planted_shards" not in facts or "width" not in facts:
        raise AgpError(f"{folder} was captured by another version of agp; capture anew")
    chosen = oracle.thresholds()
    capture = facts["capture_id"]
    with open_writer(wait=WAIT) as con:
        version, lens = (
            oracle.label(con, capture, chosen),
            oracle.lens_of(con, capture, chosen.lens),
        )
    with open_reader() as con:
        notes = [
            prepare(con, folder, facts, number, version, lens)
            for number in range(len(facts["shards"]))
        ]
    return Labelled(folder, facts, version, lens, tuple(notes))


def prepare(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    facts: dict[str, Any],
    number: int,
    version: str,
    lens: str,
) -> Note:
    """Write the examples of one shard unless they are there; return their note."""
    note, kind = facts["shards"][number], f"examples-{version}"
    made = finished_shard(folder, number, kind)
    if made is None or made["of"] != note["sha256"]:
        values = {"capture": facts["capture_id"], "version": version, "lens": lens}
        query = statement("train.stages", "examples.sql")
        rows = con.sql(query, params=values | {"prompts": note["prompts"]}).fetchnumpy()
        arrays = example_arrays(rows, note, facts["layers"])
        held = {k: mx.array(v) for k, v in arrays.items()}
        made = write_shard(folder, number, held, {"of": note["sha256"]}, kind)
    return made


def example_arrays(rows: dict[str, Any], note: Note, layers: list[int]) -> Arrays:
    """Return facts and labels as arrays: n positions, k candidates, m damaged states.

    `scalars` [n x k x s], `same` [n x k x k], `agree`, `route`, `vitality`, `sure` [n x k],
    `earliest` [n] (a candidate's number, k where none); of damaged states `planted.row` (a
    position), `.layer`, `.kind`, `.agree` [m], `.scalars` [m x s], `.same` [m x k].
    """
    k, n = len(layers), sum(note["lengths"])
    starts = np.concatenate([[0], np.cumsum(note["lengths"])[:-1]])
    dead = np.array([kind in KINDS for kind in np.ma.filled(rows["planted"], "")], bool)
    real = ~dead
    at = starts[np.asarray(rows["prompt"])] + np.asarray(rows["step"])
    layer = np.searchsorted(layers, np.asarray(rows["layer"]))
    if real.sum() != n * k or not np.array_equal(at[real] * k + layer[real], np.arange(n * k)):
        raise AgpError(f"the labels of {note['shard']} do not cover its positions; capture anew")
    scalars = np.stack([filled(rows[name]) for name in SCALARS], axis=-1)
    best = np.asarray(rows["best"])
    own = best[real].reshape(n, k)
    agree = np.asarray(rows["agree"], bool)
    boundary = np.searchsorted(layers, np.asarray(rows["earliest"])[real].reshape(n, k)[:, 0])
    order = np.lexsort((at[dead], layer[dead]))
    kinds = np.array([KINDS.index(x) for x in np.asarray(rows["planted"])[dead]], np.int32)
    return {
        "scalars": scalars[real].reshape(n, k, -1),
        "same": np.tril(own[:, :, None] == own[:, None, :], -1).astype(np.uint8),
        "agree": agree[real].reshape(n, k),
        "route": coded(rows["route"], ROUTES)[real].reshape(n, k),
        "vitality": coded(rows["vitality"], VITALITIES)[real].reshape(n, k),
        "sure": np.asarray(rows["confidence"], np.float32)[real].reshape(n, k),
        "earliest": boundary.astype(np.int32),
        "planted.row": at[dead][order].astype(np.int32),
        "planted.layer": layer[dead][order].astype(np.int32),
        "planted.kind": kinds[order],
        "planted.agree": agree[dead][order],
        "planted.scalars": scalars[dead][order],
        "planted.same": (best[dead][:, None] == own[at[dead]])[order].astype(np.uint8),
    }


def filled(column: Any) -> np.ndarray:
    """Return a column as float32, NaN where it is null."""
    return np.ma.filled(np.ma.asarray(column).astype(np.float32), np.nan)


def coded(column: Any, names: tuple[str, ...]) -> np.ndarray:
    """Return each name's number."""
    known = {name: i for i, name in enumerate(names)}
    return np.array([known[x] for x in np.asarray(column)], np.int32)


@dataclass(frozen=True)
class Part:
    """One shard in memory: states and, of the same rows, facts and labels."""

    states: np.ndarray  # [n x k x d]
    dead: np.ndarray  # [m x d], in the order of the arrays that are named planted
    arrays: Arrays
    splits: np.ndarray  # [n]
    prompts: np.ndarray
    conversations: np.ndarray


class Reader:
    """Reads shards and holds the last few of them."""

    def __init__(self, source: Labelled, held: int) -> None:
        """Hold at most `held` shards at a time."""
        self.source, self.held = source, held
        self.parts: OrderedDict[int, Part] = OrderedDict()

    def part(self, number: int) -> Part:
        """Return a shard, from memory if it was just read."""
        if number not in self.parts:
            while len(self.parts) >= self.held:
                self.parts.popitem(last=False)
            self.parts[number] = read_part(self.source, number)
        self.parts.move_to_end(number)
        return self.parts[number]

    def each(self, split: str) -> Iterator[tuple[int, Part, np.ndarray]]:
        """Yield (shard, part, rows) of every shard that has positions of a split."""
        for number, note in enumerate(self.source.facts["shards"]):
            rows = split_rows(note, split)
            if len(rows):
                yield number, self.part(number), rows


def split_rows(note: Note, split: str) -> np.ndarray:
    """Return the rows of a shard that are of a split, without reading it."""
    return np.flatnonzero(np.repeat(note["splits"], note["lengths"]) == split)


def read_part(source: Labelled, number: int) -> Part:
    """Read a shard; AgpError where its bytes are not those that were written."""
    facts = source.facts
    note = facts["shards"][number]
    states = read_shard(source.folder, note)
    dead = read_shard(source.folder, facts["planted_shards"][number])
    arrays = {k: np.array(v) for k, v in read_shard(source.folder, source.notes[number]).items()}
    layer = np.searchsorted(source.layers, np.array(dead["layer"]))
    order = np.lexsort((np.array(dead["row"]), layer))
    return Part(
        np.stack([np.array(states[f"h.{k}"].astype(mx.float32)) for k in source.layers], axis=1),
        np.array(dead["h"].astype(mx.float32))[order],
        arrays,
        *(
            np.repeat(note[name], note["lengths"])
            for name in ("splits", "prompts", "conversations")
        ),
    )
