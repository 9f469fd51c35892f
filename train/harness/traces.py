"""Captured shards in, one row a position, layer and lens out: what `trace_layers` holds.

No backbone runs here, only the head: lenses and facts can change without a forward pass.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from train.harness.capture import chunks, logits_of
from train.harness.layer_facts import distribution_facts, state_facts
from train.harness.lens import fit_lenses, through
from train.harness.planted import KINDS
from train.harness.shards import Arrays, read_shard
from train.model.gemma import Gemma

FITTED_ON = ("train", "heads")  # splits that a lens may be fitted on
LENSES = ("logit", "affine")
OF_LENS = ("kl", "entropy", "margin", "max_prob", "cross_entropy", "kl_before")
OF_STATE = ("norm", "kurtosis", "participation", "massive", "cosine")
SCHEMA = pa.schema(
    [(n, pa.string()) for n in ("prompt_id", "split", "lens", "planted")]
    + [(n, pa.int32()) for n in ("step", "position", "token", "layer", "best")]
    + [(n, pa.bool_()) for n in ("agree", "stays", "same_as_before")]
    + [(n, pa.float32()) for n in (*OF_LENS, *OF_STATE)]
)
Note = dict[str, Any]
Lens = tuple[mx.array, mx.array]
Columns = dict[str, np.ndarray]


def write_traces(
    gemma: Gemma,
    folder: Path,
    notes: Sequence[Note],
    planted: Sequence[Note],
    layers: Sequence[int],
    tick: Callable[[], None] = lambda: None,
) -> Path:
    """Fit the lenses, compute every fact, and write `traces.parquet` in one step.

    `planted` are the notes of the damaged copies, one for each shard; no lens is fitted on them.
    """
    lenses = fit_lenses(fitting_rows(folder, notes), layers, gemma.n_layers)
    target, part = folder / "traces.parquet", folder / ".traces.parquet"
    with pq.ParquetWriter(part, SCHEMA, compression="zstd") as writer:
        for note, dead in zip(notes, planted, strict=True):
            rows, copies = read_shard(folder, note), read_shard(folder, dead)
            about = about_rows(note, rows)
            for table in shard_tables(gemma, about, rows, layers, lenses):
                writer.write_table(table)
            for table in planted_tables(gemma, about, rows, copies, layers, lenses):
                writer.write_table(table)
            tick()
    part.replace(target)
    return target


def fitting_rows(folder: Path, notes: Iterable[Note]) -> Iterator[Arrays]:
    """Yield the rows of shards that a lens may be fitted on."""
    for note in notes:
        splits = np.repeat(note["splits"], note["lengths"])
        at = np.flatnonzero(np.isin(splits, FITTED_ON))
        if len(at):
            rows = read_shard(folder, note)
            yield {name: value[mx.array(at)] for name, value in rows.items()}


def about_rows(note: Note, rows: Arrays) -> Columns:
    """Return what stands beside every position of a shard, [n] each."""
    lengths = note["lengths"]
    return {
        "prompt_id": np.repeat(note["prompts"], lengths),
        "split": np.repeat(note["splits"], lengths),
        "step": np.concatenate([np.arange(n, dtype=np.int32) for n in lengths]),
        "position": np.array(rows["position"]),
        "token": np.array(rows["token"]),
    }


def shard_tables(
    gemma: Gemma, about: Columns, rows: Arrays, layers: Sequence[int], lenses: dict[int, Lens]
) -> Iterator[pa.Table]:
    """Yield the rows of each lens, and those of full depth, of one shard."""
    last = gemma.n_layers
    looks = [state_facts(rows[f"h.{k}"], b) for k, b in before(rows, [*layers, last])]
    for name in LENSES if lenses else LENSES[:1]:
        lens = lenses if name == "affine" else {}
        found = said(gemma, rows, [through(lens.get(k), rows[f"h.{k}"]) for k in layers])
        agree = np.stack([f["agree"] for f in found])
        stays = np.logical_and.accumulate(agree[::-1])[::-1]
        for i, k in enumerate(layers):
            same = found[i]["best"] == found[i - 1]["best"] if i else None
            yield table(about, name, k, found[i] | numpy(looks[i]), stays[i], same)
    [full] = said(gemma, rows, [rows[f"h.{last}"]])
    yield table(about, "full", last, full | numpy(looks[-1]), full["agree"], None)


def planted_tables(
    gemma: Gemma,
    about: Columns,
    rows: Arrays,
    copies: Arrays,
    layers: Sequence[int],
    lenses: dict[int, Lens],
) -> Iterator[pa.Table]:
    """Yield the rows of damaged copies: each stands behind the real state of the layer before.

    Nothing runs on from a damaged copy, so it never stays.
    """
    layer_of, kinds = np.array(copies["layer"]), np.array(KINDS)[np.array(copies["kind"])]
    for i, k in enumerate(layers):
        here = np.flatnonzero(layer_of == k)
        at = np.array(copies["row"])[here]
        real = {name: value[mx.array(at)] for name, value in rows.items()}
        said_of = {name: value[at] for name, value in about.items()} | {"planted": kinds[here]}
        states = [(j, real[f"h.{j}"]) for j in layers[max(i - 1, 0) : i]]
        states.append((k, copies["h"][mx.array(here)]))
        looks = numpy(state_facts(states[-1][1], states[0][1] if i else None))
        for name in LENSES if lenses else LENSES[:1]:
            lens = lenses if name == "affine" else {}
            found = said(gemma, real, [through(lens.get(j), h) for j, h in states])
            same = found[1]["best"] == found[0]["best"] if i else None
            yield table(said_of, name, k, found[-1] | looks, np.zeros(len(at), bool), same)


def before(rows: Arrays, layers: Sequence[int]) -> Iterator[tuple[int, mx.array | None]]:
    """Yield each layer with the states of the one before it."""
    for i, k in enumerate(layers):
        yield k, rows[f"h.{layers[i - 1]}"] if i else None


def said(gemma: Gemma, rows: Arrays, states: Sequence[mx.array]) -> list[dict[str, np.ndarray]]:
    """Return for each layer's states [n x d], in order, what the head reads out of them."""
    parts: list[list[dict[str, np.ndarray]]] = [[] for _ in states]
    for part in chunks(gemma, len(rows["token"])):
        full, before = logits_of(gemma, rows[f"h.{gemma.n_layers}"][part]), None
        for facts, h in zip(parts, states, strict=True):
            logits = logits_of(gemma, h[part])
            facts.append(numpy(distribution_facts(logits, full, rows["token"][part], before)))
            before = logits
    return [{n: np.concatenate([f[n] for f in facts]) for n in facts[0]} for facts in parts]


def numpy(facts: dict[str, mx.array]) -> dict[str, np.ndarray]:
    """Return facts as NumPy arrays, computed."""
    return {name: np.array(value) for name, value in facts.items()}


def table(
    about: Columns,
    lens: str,
    layer: int,
    facts: dict[str, np.ndarray],
    stays: np.ndarray,
    same: np.ndarray | None,
) -> pa.Table:
    """Return rows in the order of the schema; a fact that is not finite is null."""
    n = len(stays)
    agree = facts["agree"] & np.isfinite(facts["kl"])
    columns: dict[str, Any] = about | facts | {"agree": agree, "stays": stays & agree}
    columns |= {"same_as_before": same, "lens": [lens] * n, "layer": np.full(n, layer, np.int32)}
    return pa.Table.from_arrays(
        [column(columns.get(f.name), f.type, n) for f in SCHEMA], schema=SCHEMA
    )


def column(values: Any, kind: pa.DataType, n: int) -> pa.Array:
    """Return n values as a column: null where there are none, or where one is not finite."""
    if values is None:
        return pa.nulls(n, kind)
    gone = ~np.isfinite(values) if pa.types.is_floating(kind) else None
    return pa.array(values, kind, mask=gone)
