"""The same history with the kernel's words taken out: what is left that measures can see?

A model trained on labels that rest on words may learn the words alone. So functions that read no
words are run once more on measures of the masked text, and compared with the gold.
"""

from collections.abc import Sequence

import duckdb
import polars as pl

from labelers.evaluate import cast_texts
from labelers.function import TextFunction, term_pattern
from labelers.load import Labeler
from labelers.measure import measured_projects
from labelers.run import rows
from warehouse.statements import execute_file


def patterns(labelers: Sequence[Labeler]) -> list[str]:
    """Return what keyword functions look for, each pattern once."""
    texts = {one.text.id: one.text for one in labelers if one.text}
    found = [pattern for text in texts.values() for pattern in looked_for(text)]
    return list(dict.fromkeys(found))


def looked_for(function: TextFunction) -> list[str]:
    """Return the patterns of a lexicon or a regex that make it vote for its label."""
    if function.kind == "sql" or function.yes is None:
        return []
    return [function.yes if isinstance(function.yes, str) else term_pattern(function.yes)]


def masked_measures(con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler]) -> pl.DataFrame:
    """Return the measures of the projects with gold once their texts are masked."""
    execute_file(con, "labelers", "gold_projects.sql")
    return measured_projects(con, patterns(labelers))


def masked_votes(
    con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler], measures: pl.DataFrame
) -> pl.DataFrame:
    """Return the votes on gold that rest on masked measures alone, in columns of votes."""
    quiet = [one for one in labelers if one.text and not one.keyword]
    con.register("masked_turns", measures.to_arrow())
    wanted = frozenset().union(*(one.reads for one in quiet))
    votes, _ = cast_texts(quiet, rows(con, wanted, turns="masked_turns"))
    con.unregister("masked_turns")
    names = con.sql("select row_number, exchange_id from todo").pl()
    return votes.join(names, on="row_number").drop("row_number")
