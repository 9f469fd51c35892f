"""Bringing votes up to date: each function sees what is new or changed for it, and nothing else."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from labelers.columns import WORDS, hash_sql, turn_columns, value_sql
from labelers.combine import combine
from labelers.evaluate import SECONDS, cast
from labelers.gold import keep_shipped
from labelers.label_model import Chosen
from labelers.load import Labeler, Loaded, Problem, load
from labelers.measure import refresh_turns
from labelers.process import refresh_process
from warehouse.features import refresh
from warehouse.features.refresh import load_words
from warehouse.statements import count, execute_file

JOINS = """
join features f using (exchange_id)
left join features p on p.exchange_id = previous_id
left join features n on n.exchange_id = next_id
left join {turns} t on t.exchange_id = x.exchange_id
left join scripts s on s.exchange_id = x.exchange_id
"""


@dataclass(frozen=True)
class Update:
    """What a run did: pairs of function and exchange that it evaluated, votes now, failures.

    `chosen` is the model that made the labels.
    """

    exchanges: int
    evaluated: int
    votes: int
    seconds: float
    problems: tuple[Problem, ...]
    chosen: Chosen


def update(
    con: duckdb.DuckDBPyConnection, loaded: Loaded | None = None, seconds: float = SECONDS
) -> Update:
    """Bring features, votes and labels up to date; `con` is a writer."""
    begin = time.monotonic()
    loaded = loaded or load()
    refresh(con)
    execute_file(con, "labelers", "thread.sql")
    refresh_turns(con)
    execute_file(con, "labelers", "scripts.sql")
    refresh_process(con)
    find_due(con, loaded.labelers)
    evaluated = count(con, "due")
    problems = list(loaded.problems)
    for batch in batches(con, loaded.labelers):
        problems += evaluate_due(con, batch, seconds)
    register(con, loaded.labelers, problems)
    keep_shipped(con)
    chosen = combine(con)
    return Update(
        count(con, "thread"), evaluated, count(con, "v_votes"),
        time.monotonic() - begin, tuple(problems), chosen,
    )  # fmt: skip


def find_due(con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler]) -> None:
    """Make the temp table due: what each labeler has not seen as it is now."""
    con.execute(
        "create or replace temp table asked (labeler varchar, version varchar, reads varchar)"
    )
    con.execute(
        "create or replace temp table inputs "
        "(reads varchar, exchange_id varchar, input_hash ubigint)"
    )
    seen: set[str] = set()
    for one in labelers:
        reads = " ".join(sorted(one.reads))
        con.execute("insert into asked values (?, ?, ?)", [one.id, one.version, reads])
        if reads not in seen:
            seen.add(reads)
            values = ", ".join(hash_sql(name) for name in sorted(one.reads)) or "0"
            joins = JOINS.format(turns="turns")
            con.execute(
                f"insert into inputs select ?, x.exchange_id, hash({values}) from thread x {joins}",
                [reads],
            )
    execute_file(con, "labelers", "due.sql")


def batches(con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler]) -> list[list[Labeler]]:
    """Return the labelers with something to do: those that are new, and those that go on."""
    rows = con.execute(
        "select labeler, exists (from votes v where v.labeler = due.labeler "
        "and v.version = due.version) from due group by labeler, version"
    ).fetchall()
    known = dict(rows)
    split = [[one for one in labelers if known.get(one.id) is old] for old in (False, True)]
    return [batch for batch in split if batch]


def evaluate_due(
    con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler], seconds: float
) -> list[Problem]:
    """Evaluate labelers where they are due, and write their votes in one transaction."""
    names = [one.id for one in labelers]
    con.execute(
        "create or replace temp table todo as "
        "select row_number() over (order by exchange_id) as row_number, exchange_id "
        "from (select distinct exchange_id from due where list_contains($names, labeler))",
        {"names": names},
    )
    votes, problems = cast(
        labelers, rows(con, frozenset().union(*(o.reads for o in labelers))), seconds
    )
    failed = {problem.id for problem in problems}
    con.register("cast_votes", votes.to_arrow())
    con.execute("begin")
    execute_file(
        con, "labelers", "record.sql", names=[name for name in names if name not in failed]
    )
    con.execute("commit")
    con.unregister("cast_votes")
    return problems


def rows(
    con: duckdb.DuckDBPyConnection, wanted: frozenset[str], turns: str = "turns"
) -> duckdb.DuckDBPyRelation:
    """Return the exchanges of the temp table todo with the wanted columns and a row_number.

    `turns` is the table that measures come from.
    """
    names = [name for name in turn_columns() if name in wanted]
    whose = sorted({WORDS[name][0] for name in names if name in WORDS})
    ids = {"own": "x.exchange_id", "previous": "x.previous_id", "next": "x.next_id"}
    if whose:
        each = " union ".join(
            f"select {ids[w]} as exchange_id from todo join thread x using (exchange_id)"
            for w in whose
        )
        con.execute(f"create or replace temp table spoken as {each}")
        con.execute("delete from spoken where exchange_id is null")
        load_words(con, "spoken")
    joined = " ".join(
        f"left join words {w}_words on {w}_words.exchange_id = {ids[w]}" for w in whose
    )
    selected = "".join(f", {value_sql(name)} as {name}" for name in names)
    return con.sql(
        f"select todo.row_number{selected} from todo join thread x using (exchange_id) "
        f"{JOINS.format(turns=turns)} {joined}"
    )


def register(
    con: duckdb.DuckDBPyConnection, labelers: Sequence[Labeler], problems: Sequence[Problem]
) -> None:
    """Write down which labelers there are, and forget votes of others and of older versions."""
    reasons = {problem.id: problem.reason for problem in problems}
    con.execute("begin")
    con.execute("delete from labelers")
    con.executemany(
        "insert into labelers values (?, ?, ?, ?, ?, ?, ?)",
        [
            [o.id, o.version, list(o.labels), o.kind, sorted(o.reads), o.why, reasons.get(o.id)]
            for o in labelers
        ],
    )
    execute_file(con, "labelers", "forget.sql")
    con.execute("commit")
