"""How each exchange lies to those before it, in its thread and project: the table turns.

A project's measures are a function of its own exchanges alone, so only projects that changed are
measured again.
"""

import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING

import duckdb
import numpy as np
import polars as pl

from warehouse.features.refresh import load_words
from warehouse.statements import execute_file

if TYPE_CHECKING:
    from scipy.sparse import csr_array

NAMES = (
    "similar_previous", "similar_second", "similar_session", "similar_history", "history_days",
    "novelty", "drift", "topic_run", "switches", "spread", "spread_change", "other_projects",
)  # fmt: skip
COUNTS = ("topic_run", "switches", "other_projects")
SCHEMA: dict[str, type[pl.DataType]] = {n: pl.Int32 if n in COUNTS else pl.Float64 for n in NAMES}
DAY = 86_400
BLOCK = 256  # exchanges that are compared with all before them at once


@dataclass(frozen=True)
class Settings:
    """What measures.toml says."""

    buckets: int
    answer_chars: int
    prompt_chars: int
    gram: int
    close: float
    memory: int
    enough: int
    window: int
    generic: list[str]


@cache
def settings() -> Settings:
    """Return the settings of the measures."""
    text = (files("labelers") / "measures.toml").read_text(encoding="utf-8")
    return Settings(**tomllib.loads(text))


def refresh_turns(con: duckdb.DuckDBPyConnection) -> int:
    """Measure the projects that changed; return how many exchanges that were.

    The temp table thread must be there.
    """
    execute_file(con, "labelers", "stale_projects.sql", settings=str(settings()))
    found = measured_projects(con)
    con.register("measured", found.to_arrow())
    con.execute("begin")
    con.execute(
        "delete from turns where exchange_id in (select exchange_id from stale_turns) "
        "or exchange_id not in (select exchange_id from thread)"
    )
    con.execute(
        f"insert into turns select exchange_id, project_hash, {', '.join(NAMES)} "
        "from measured join stale_turns using (exchange_id)"
    )
    con.execute("commit")
    con.unregister("measured")
    return found.height


def measured_projects(con: duckdb.DuckDBPyConnection, masked: Sequence[str] = ()) -> pl.DataFrame:
    """Return the measures of the projects in the temp table stale_turns, in columns NAMES.

    What the patterns in `masked` match is taken out of their texts first.
    """
    known = settings()
    load_words(con, "stale_turns")
    values = {"prompt_chars": known.prompt_chars, "answer_chars": known.answer_chars}
    execute_file(con, "labelers", "spoken.sql", **values)
    for pattern in masked:
        for part in ("prompt", "answer"):
            con.execute(
                f"update spoken set {part} = regexp_replace({part}, $p, ' ', 'g') "
                f"where regexp_matches({part}, $p)",
                {"p": pattern},
            )
    rows = execute_file(con, "labelers", "project_texts.sql", generic=known.generic)
    columns = ["project", "exchange_id", "thread", "session", "asked_at", "text", "named"]
    frame = pl.DataFrame(rows, schema=columns, orient="row")
    groups = frame.group_by("project", maintain_order=True)
    found = [measured(group, known) for _, group in groups]
    return pl.concat(found) if found else pl.DataFrame(schema=SCHEMA | {"exchange_id": pl.String})


def measured(project: pl.DataFrame, known: Settings) -> pl.DataFrame:
    """Return the measures of one project's exchanges, which come in order of time."""
    from labelers.vectors import vectors

    texts = vectors(project["text"].to_list(), known.buckets, known.gram)
    times = project["asked_at"].dt.epoch("s").to_list()
    sessions = project["session"].to_numpy()
    threads: dict[str, list[int]] = {}
    rows = []
    for i, (thread, cosines) in enumerate(
        zip(project["thread"], earlier_cosines(texts, project.height, known.memory), strict=True)
    ):
        mine = threads.setdefault(thread, [])
        first = i - len(cosines)
        row = in_thread(cosines, [j - first for j in mine if j >= first])
        if len(cosines) >= known.enough:
            row["novelty"] = 1 - float(cosines.max())
        other = np.flatnonzero(sessions[first:i] != sessions[i])
        if len(other):
            best = first + other[np.argmax(cosines[other])]
            row["similar_history"] = float(cosines[best - first])
            if times[best] is not None and times[i] is not None:
                row["history_days"] = (times[i] - times[best]) / DAY
        rows.append(row)
        mine.append(i)
    for members in threads.values():
        add_runs(rows, members, texts, known)
    for row, named in zip(rows, project["named"], strict=True):
        row["other_projects"] = named
    return pl.DataFrame(rows, schema=SCHEMA).with_columns(
        pl.col(pl.Float64).round(2), project["exchange_id"]
    )


def earlier_cosines(texts: "csr_array", count: int, memory: int) -> Iterator[np.ndarray]:
    """Yield for each text its cosines to the texts before it, at most `memory` of them."""
    for begin in range(0, count, BLOCK):
        end, first = min(begin + BLOCK, count), max(0, begin - memory)
        block = (texts[begin:end] @ texts[first:end].T).toarray()
        for i in range(begin, end):
            yield block[i - begin, max(0, i - memory - first) : i - first]


def in_thread(cosines: np.ndarray, mine: Sequence[int]) -> dict[str, float]:
    """Return how near the exchanges before it in its thread come (`mine`: their places)."""
    near = cosines[list(mine)] if mine else np.zeros(0)
    found: dict[str, float] = {}
    if len(near):
        found["similar_previous"] = float(near[-1])
    if len(near) > 1:
        found["similar_second"] = float(near[-2])
        found["drift"] = 1 - float(near[:3].mean())
    if len(near) > 2:
        found["similar_session"] = float(near[:-2].max())
    return found


def add_runs(
    rows: list[dict[str, float]], members: Sequence[int], texts: "csr_array", known: Settings
) -> None:
    """Add what is measured along one thread: the run of one topic, switches, and spread."""
    run, switched, spreads = 0, [], []
    for place, i in enumerate(members):
        row = rows[i]
        previous, second = row.get("similar_previous", 0.0), row.get("similar_second", 0.0)
        run = run + 1 if place and previous >= known.close else 1
        switched.append(second >= known.close > previous)
        row["topic_run"], row["switches"] = run, sum(switched[-6:])
        spreads.append(spread(texts, members[max(0, place - known.window + 1) : place + 1]))
        if place + 1 >= known.window:
            row["spread"] = spreads[-1]
        if place + 1 >= 2 * known.window:
            row["spread_change"] = spreads[-1] - spreads[-1 - known.window]


def spread(texts: "csr_array", members: Sequence[int]) -> float:
    """Return the mean distance (1 less the cosine) among some exchanges; 0 for fewer than two."""
    n = len(members)
    if n < 2:
        return 0.0
    part = texts[list(members)]
    cosines = (part @ part.T).toarray()
    return float(1 - (cosines.sum() - np.trace(cosines)) / (n * (n - 1)))
