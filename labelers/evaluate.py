"""Running labelers over rows: text functions in one pass, Python ones in a child of their own.

A function that fails is left out with the reason, and the others go on.
"""

import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import duckdb
import orjson
import polars as pl
import pyarrow as pa

from labelers.load import Labeler, Problem
from warehouse.expressions import Batch, Expression, ExpressionError, evaluate
from warehouse.expressions.process import BATCH, write_rows

SECONDS = 10.0  # that a Python function has, beside
ROWS_PER_SECOND = 1_000
VOTES = {
    "labeler": pl.String,
    "row_number": pl.Int64,
    "label": pl.String,
    "holds": pl.Boolean,
    "confidence": pl.Float64,
}


def cast(
    labelers: Sequence[Labeler], rows: duckdb.DuckDBPyRelation, seconds: float = SECONDS
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the votes of labelers on rows (columns as VOTES), and which of them failed."""
    texts = [one for one in labelers if one.kind != "python"]
    others = [one for one in labelers if one.kind == "python"]
    votes, problems = cast_texts(texts, rows)
    more, failed = cast_python(others, rows, seconds)
    return pl.concat([votes, more]), problems + failed


def cast_texts(
    labelers: Sequence[Labeler], rows: duckdb.DuckDBPyRelation
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the votes of text functions; each that fails is taken out and the rest run again."""
    running, problems = list(labelers), []
    while running:
        sides = [(one, held) for one in running for held in (True, False) if side(one, held)]
        expressions = unlike(sides)
        try:
            masks = evaluate([Batch(list(expressions.values()), rows)])[0]
        except ExpressionError as error:
            if error.index is None:
                reason = f"the functions together: {error.reason}"
                return empty(), problems + [Problem(one.id, reason) for one in running]
            failed = list(expressions.values())[error.index]
            for bad in [one for one in running if failed in (one.yes, one.no)]:
                problems.append(Problem(bad.id, f"{bad.path.name}: {bad.id}: {error.reason}"))
                running.remove(bad)
            continue
        return from_masks(sides, expressions, masks), problems
    return empty(), problems


def side(labeler: Labeler, held: bool) -> Any:
    """Return the expression of one side of a text function."""
    return labeler.yes if held else labeler.no


def unlike(sides: Sequence[tuple[Labeler, bool]]) -> dict[str, Expression]:
    """Return the expressions of functions by their text, so that each is evaluated once."""
    return {expression.text: expression for one, held in sides if (expression := side(one, held))}


def from_masks(
    sides: Sequence[tuple[Labeler, bool]], expressions: Mapping[str, Expression], masks: pa.Table
) -> pl.DataFrame:
    """Return votes from masks of 64 bits; a function that says both yes and no abstains."""
    if masks.num_rows == 0:
        return empty()
    frame = pl.DataFrame(pl.from_arrow(masks))
    places = {text: i for i, text in enumerate(expressions)}
    found = [empty()]
    known = {labeler.id: labeler for labeler, _ in sides}
    for name, group in groupby(sides, key=lambda item: item[0].id):
        labeler = known[name]
        bits = {held: bit(places[side(labeler, held).text]) for _, held in group}
        yes, no = bits.get(True, pl.lit(False)), bits.get(False, pl.lit(False))
        held = frame.filter(yes != no).select(
            pl.lit(labeler.id).alias("labeler"),
            "row_number",
            pl.lit(labeler.labels[0]).alias("label"),
            yes.alias("holds"),
            pl.lit(labeler.confidence, pl.Float64).alias("confidence"),
        )
        found.append(held)
    return pl.concat(found)


def bit(position: int) -> pl.Expr:
    """Return whether a bit of the masks is on."""
    word = pl.col(f"w{position // 64}")
    return (word & pl.lit(1 << position % 64, pl.UInt64)) != 0


def cast_python(
    labelers: Sequence[Labeler], rows: duckdb.DuckDBPyRelation, seconds: float
) -> tuple[pl.DataFrame, list[Problem]]:
    """Return the votes of Python functions; one that holds its process up is taken out."""
    running, votes, problems = list(labelers), [empty()], []
    with tempfile.TemporaryDirectory(prefix="agp-rows-") as folder:
        path = Path(folder) / "rows.arrow"
        count = write_rows(rows.to_arrow_reader(BATCH), path) if running else 0
        while running:
            events, status = converse(running, path, seconds + count / ROWS_PER_SECOND)
            done = {e["end"]: e for e in events if "end" in e}
            begun = [e["begin"] for e in events if "begin" in e]
            left = [one for one in running if one.id not in done]
            if left:
                bad = next((one for one in left if one.id in begun), left[0])
                done[bad.id] = {"problem": f"the process that ran it ended with status {status}"}
            for one in running:
                event = done.get(one.id, {})
                if "problem" in event:
                    said = f"{one.path.name}: {one.id}: {event['problem']}"
                    problems.append(Problem(one.id, said))
                elif "votes" in event:
                    votes.append(frame_of(one.id, event["votes"]))
            running = [one for one in running if one.id not in done]
    return pl.concat(votes), problems


def converse(
    labelers: Sequence[Labeler], rows: Path, seconds: float
) -> tuple[list[dict[str, Any]], int]:
    """Run the child on some functions; return what it said, and its exit status."""
    by_file: dict[str, list[str]] = {}
    for one in labelers:
        by_file.setdefault(str(one.path), []).append(one.id)
    job = {"rows": str(rows), "files": list(by_file.items()), "seconds": seconds}
    child = subprocess.run(
        [sys.executable, "-I", "-m", "labelers.child"],
        input=orjson.dumps(job),
        capture_output=True,
        env={},
        cwd="/",
        check=False,
    )
    return [orjson.loads(line) for line in child.stdout.splitlines()], child.returncode


def frame_of(name: str, votes: list[tuple[int, str, bool, float]]) -> pl.DataFrame:
    """Return one function's votes as a frame."""
    schema = {k: t for k, t in VOTES.items() if k != "labeler"}
    frame = pl.DataFrame(votes, schema=schema, orient="row")
    return frame.select(pl.lit(name).alias("labeler"), *schema)


def empty() -> pl.DataFrame:
    """Return no votes."""
    return pl.DataFrame(schema=VOTES)
