"""Exchanges that say the same: clusters by exact, normalised and near words, each with its best.

Every different text is sketched and compared once. Sketches and the pairs they are in are written
together, some slices at once, so whatever ends the process, the next run goes on where it stopped.
"""

from collections.abc import Sequence

import duckdb
import numpy as np
import polars as pl
import pyarrow as pa

from filters.candidates import Sketches, gathered
from filters.components import groups
from filters.near import Near, verified
from filters.near_settings import NearSettings, near_settings
from filters.sketches import Document, sketched
from warehouse.features.refresh import load_words, slices
from warehouse.statements import count, execute_file

DIGEST = """
select hash($version, count(*), (select count(*) from sketches), (select count(*) from near_pairs),
            coalesce(bit_xor(hash(exchange_id, fingerprint, copies, near_copies, mirrors,
                                  template_copies)), 0))
from features
"""
TOGETHER = 2  # slices whose texts are compared with all others at once
BATCH = 2_000  # texts that are read at once, ...
SKETCHES = 20_000  # ... and sketches
PAIR = {"one": pl.UInt64, "other": pl.UInt64, "similarity": pl.Float64}
NO_IDS = pa.nulls(0, pa.uint64())
TEXTS = "left(coalesce(prompt, ''), {longest}), left(coalesce(answer, ''), {longest})"


def update_clusters(con: duckdb.DuckDBPyConnection) -> None:
    """Bring sketches up to date, write `clusters` and `templates` anew, and tell each feature row.

    A cluster's representative is the copy of the highest source, then with most tool calls and the
    longest answer, then the earliest: the same whatever order the copies came in.
    """
    settings = near_settings()
    if clustered(con, settings):
        return
    update_near(con, settings)
    con.execute("begin")
    components(con)
    execute_file(con, "filters", "duplicates.sql", members=settings.template.members)
    con.execute("delete from clustered")
    con.execute(f"insert into clustered {DIGEST}", {"version": settings.version()})
    con.execute("commit")


def clustered(con: duckdb.DuckDBPyConnection, settings: NearSettings) -> bool:
    """Return whether nothing that clusters and templates are made of has changed."""
    now = con.execute(DIGEST, {"version": settings.version()}).fetchall()
    return con.execute("from clustered").fetchall() == now


def update_near(con: duckdb.DuckDBPyConnection, settings: NearSettings) -> None:
    """Sketch the texts that are new and find what they are near copies of."""
    con.execute("begin")
    execute_file(con, "filters", "near_todo.sql", version=settings.version())
    con.execute("commit")
    if not count(con, "unsketched"):
        return
    parts = list(slices(con, "unsketched"))
    for first in range(0, len(parts), TOGETHER):
        con.execute("begin")
        for part in (some := parts[first : first + TOGETHER]):
            store_sketches(con, sketches_of(con, part, settings), settings)
        con.execute(f"create or replace temp table fresh_documents as {' union all '.join(some)}")
        sketches = known(con, settings)
        store_pairs(con, verified(sketches, lambda ids: texts_of(con, ids, settings), settings))
        con.execute("commit")


def sketches_of(con: duckdb.DuckDBPyConnection, part: str, settings: NearSettings) -> pa.Table:
    """Return the sketches of the texts that a query gives, with their ids."""
    con.execute(f"create or replace temp table unread as {part}")
    load_words(con, "unread")
    texts = TEXTS.format(longest=settings.longest)
    rows = con.sql(f"select id, {texts} from unread join words using (exchange_id) order by id")
    parts = []
    for batch in rows.to_arrow_reader(BATCH):
        ids, *columns = batch.columns
        documents = list(zip(*(column.to_pylist() for column in columns), strict=True))
        parts.append(sketched(documents, settings).append_column("id", ids))
    return pa.concat_tables(parts or [sketched([], settings).append_column("id", NO_IDS)])


def known(con: duckdb.DuckDBPyConnection, settings: NearSettings) -> Sketches:
    """Return all sketches; those in `fresh_documents` are fresh."""
    rows = con.execute("select id from fresh_documents").fetchall()
    fresh = np.fromiter((name for (name,) in rows), np.uint64, len(rows))
    every = con.sql("select id, letters, opening, sketch, opening_sketch from sketches")
    return gathered(every.to_arrow_reader(SKETCHES), fresh, settings)


def texts_of(
    con: duckdb.DuckDBPyConnection, ids: Sequence[int], settings: NearSettings
) -> dict[int, Document]:
    """Return prompt and answer of some texts by their normalised hash."""
    con.register("near_ids", pl.DataFrame({"id": ids}, {"id": pl.UInt64}).to_arrow())
    con.execute(
        "create or replace temp table compared as select id, min(exchange_id) as exchange_id "
        "from features join near_ids on id = normalised_hash group by id"
    )
    con.unregister("near_ids")
    load_words(con, "compared")
    texts = TEXTS.format(longest=settings.longest)
    rows = con.execute(f"select id, {texts} from compared join words using (exchange_id)")
    return {name: texts for name, *texts in rows.fetchall()}


def store_sketches(con: duckdb.DuckDBPyConnection, found: pa.Table, settings: NearSettings) -> None:
    """Write sketches."""
    con.register("found", found)
    con.execute(
        "insert into sketches by name select *, ? as version from found", [settings.version()]
    )
    con.unregister("found")


def store_pairs(con: duckdb.DuckDBPyConnection, found: Sequence[Near]) -> None:
    """Write verified pairs."""
    rows = pl.DataFrame(found, PAIR, orient="row")
    con.register("found", rows.to_arrow())
    con.execute("insert into near_pairs by name select * from found")
    con.unregister("found")


def components(con: duckdb.DuckDBPyConnection) -> None:
    """Make the table `components`: of each text with near copies its group, and how near they are.

    Near copies of near copies are one group, so that no chain of them ends up in two splits.
    """
    pairs = con.execute("select one, other from near_pairs").fetchall()
    found = groups({name for pair in pairs for name in pair}, pairs)
    rows = [(name, group[0]) for group in found for name in group]
    columns = {"id": pl.UInt64, "component": pl.UInt64}
    con.register("grouped", pl.DataFrame(rows, columns, orient="row").to_arrow())
    con.execute(
        "create or replace temp table components as select id, component, similarity "
        "from grouped join (select id, max(similarity) as similarity from "
        "(select one as id, similarity from near_pairs union all "
        "select other, similarity from near_pairs) group by id) using (id)"
    )
    con.unregister("grouped")
