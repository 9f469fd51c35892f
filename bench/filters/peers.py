"""The peers: `peers.py NAME FILE.parquet` evaluates the sixty rules and prints hits as JSON.

Each reads the Parquet file, measures a text once where its engine lets it, evaluates every rule for
every exchange, and counts. datatrove's filters stand in a row, so what one drops no later one sees:
it says how many are left, and nothing of single rules.
"""

import json
import re
import sys
from collections import Counter
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).parent))
from rules import Rule, naive, rules

NUMBERS = ("tool_calls", "tool_errors", "edits", "messages", "ordinal")


def naive_sql(path: str) -> dict[str, int]:
    """DuckDB over the file, every rule as it is first written."""
    import duckdb

    every = rules()
    counts = ", ".join(f"count(*) filter ({naive(rule)})" for rule in every)
    row = duckdb.execute(f"select {counts} from read_parquet('{path}')").fetchall()[0]
    return dict(zip([rule[0] for rule in every], row, strict=True))


def polars(path: str) -> dict[str, int]:
    """polars, its measures computed once, the rules in one select."""
    import polars as pl

    every = rules()
    text = {c: pl.col(c).str for c in ("prompt", "answer")}
    frame = pl.scan_parquet(path).with_columns(
        *(text[c].count_matches(r"\S+").alias(f"{c}_words") for c in text),
        *(text[c].len_chars().alias(f"{c}_chars") for c in text),
        (text["prompt"].count_matches("[A-Za-z]") / text["prompt"].len_chars()).alias("letters"),
    )

    def term(rule: Rule) -> Any:
        _, kind, column, given = rule
        if kind == "starts":
            return text[column].starts_with(given)
        if kind == "begins":
            return text[column].contains("^" + given)
        if kind == "holds":
            return text[column].contains(given[1])
        if kind == "fewer":
            return pl.col(f"{column}_words") < given
        if kind == "longer":
            return pl.col(f"{column}_chars") > given
        if kind == "letters":
            return pl.col("letters") < given
        return pl.sql_expr(given)

    found = frame.select(term(rule).sum().alias(rule[0]) for rule in every).collect()
    return found.to_dicts()[0]


def tests() -> list[tuple[str, Any]]:
    """Return each rule as a function of a row with its measures."""
    made: list[tuple[str, Any]] = []
    for name, kind, column, given in rules():
        if kind == "number":
            code = compile(given.replace(" = ", " == "), name, "eval")
            test = lambda row, code=code: eval(code, {}, row)  # noqa: E731
        elif kind == "starts":
            test = lambda row, c=column, g=given: row[c].startswith(g)  # noqa: E731
        elif kind == "begins":
            test = lambda row, c=column, m=re.compile(given).match: m(row[c])  # noqa: E731
        elif kind == "holds":
            find = re.compile(given[1]).search
            test = lambda row, c=column, w=given[0], f=find: w in row[c] and f(row[c])  # noqa: E731
        elif kind == "fewer":
            test = lambda row, c=f"{column}_words", g=given: row[c] < g  # noqa: E731
        elif kind == "longer":
            test = lambda row, c=f"{column}_chars", g=given: row[c] > g  # noqa: E731
        else:
            test = lambda row, g=given: row["letters"] < g  # noqa: E731
        made.append((name, test))
    return made


def rows(path: str) -> Iterator[dict[str, Any]]:
    """Yield the exchanges with their measures."""
    import pyarrow.parquet as pq

    letters = re.compile("[A-Za-z]+")
    for batch in pq.ParquetFile(path).iter_batches(10_000):
        for row in batch.to_pylist():
            for column in ("prompt", "answer"):
                row[f"{column}_words"] = len(row[column].split())
                row[f"{column}_chars"] = len(row[column])
            held = sum(map(len, letters.findall(row["prompt"])))
            row["letters"] = held / max(len(row["prompt"]), 1)
            yield row


def plain_python(path: str) -> dict[str, int]:
    """A loop over rows and compiled patterns."""
    every, found = tests(), Counter({name: 0 for name, _ in tests()})
    for row in rows(path):
        for name, test in every:
            if test(row):
                found[name] += 1
    return dict(found)


def datatrove(path: str) -> dict[str, int]:
    """datatrove's own filter step, sixty of them in a row; returns how many are left."""
    data = import_module("datatrove.data")
    steps = import_module("datatrove.pipeline.filters")
    documents: Any = (
        data.Document(text=row["prompt"], id=row["exchange_id"], metadata=row) for row in rows(path)
    )
    for _, test in tests():
        keep = lambda document, test=test: not test(document.metadata)  # noqa: E731
        documents = steps.LambdaFilter(keep).run(documents)
    return {"left": sum(1 for _ in documents)}


if __name__ == "__main__":
    engines = {f.__name__: f for f in (naive_sql, polars, plain_python, datatrove)}
    print(json.dumps(engines[sys.argv[1]](sys.argv[2])))
