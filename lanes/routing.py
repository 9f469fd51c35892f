"""The routing lane: captured exchanges under the routing rules in, with how they went and what an
oracle says of every state of the capture, out.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from importlib.resources import files
from itertools import groupby
from typing import Any

import duckdb
import pyarrow as pa
from pydantic import PositiveInt

from filters.secrets import Redactor
from labelers.oracle import ROUTES
from labelers.process import refresh_process
from lanes.captured import newest, prepare_capture
from lanes.chat import MARGIN, Part, cut_middle, main_argument, one_line, summary
from lanes.lane import Counts, Lane, Row, Turn, Work
from lanes.minimum import too_few
from lanes.settings import Settings
from lanes.sft import LONGEST, parsed, stream
from warehouse.features import refresh

TEXT, INT, REAL, BOOL = pa.string(), pa.int64(), pa.float64(), pa.bool_()
PROCESS = [
    ("outcome", TEXT),
    ("session_outcome", TEXT),
    ("corrected", BOOL),
    *((n, INT) for n in ("calls", "succeeded", "failed", "failed_inferred", "rejected")),
    *((n, INT) for n in ("unanswered", "shell", "reads", "searches", "edits", "web")),
    *((n, INT) for n in ("edited_files", "most_edits_of_a_file", "retries", "repeats")),
    *((n, INT) for n in ("recoveries", "reverts", "checks", "failed_checks")),
    ("last_call_ok", BOOL),
    *((n, INT) for n in ("answer_messages", "tool_rounds", "steered")),
    ("interrupted", BOOL),
    ("hedges", INT),
    ("assurances", INT),
    ("corrects", BOOL),
]
TURN = [(n, TEXT) for n in ("role", "text", "tool", "argument", "outcome", "result")]
SPAN = [("prompt_id", TEXT), ("shard", TEXT), ("first_row", INT), ("tokens", INT)]
STATE = [
    ("prompt_id", TEXT),
    ("step", INT),
    ("layer", INT),
    ("planted", TEXT),
    ("position", INT),
    ("token", INT),
    ("agree", BOOL),
    ("same_as_before", BOOL),
    *((n, pa.float32()) for n in ("kl", "kl_before", "entropy", "margin", "max_prob")),
    *((n, pa.float32()) for n in ("cross_entropy", "norm", "kurtosis", "participation")),
    *((n, pa.float32()) for n in ("massive", "cosine")),
    ("earliest", INT),
    ("flips", INT),
    ("route", TEXT),
    ("vitality", TEXT),
    ("confidence", REAL),
    ("vitality_score", REAL),
]


class RoutingSettings(Settings):
    """What lanes/routing.toml holds; its comments say what each is."""

    capture: str
    thresholds: list[str]
    text_chars: PositiveInt
    argument_chars: PositiveInt
    result_chars: PositiveInt
    minimum: dict[str, int]
    balance: dict[str, int]


def schema(settings: RoutingSettings) -> pa.Schema:
    """Return the columns of the Parquet files."""
    return pa.schema(
        [
            ("exchange_id", TEXT),
            ("turns", pa.list_(pa.struct(TURN))),
            ("process", pa.struct(PROCESS)),
            ("spans", pa.list_(pa.struct(SPAN))),
            ("states", pa.list_(pa.struct(STATE))),
            ("weight", REAL),
            ("agent", TEXT),
        ]
    )


def prepare(con: duckdb.DuckDBPyConnection, settings: RoutingSettings) -> dict[str, Any]:
    """Bring process facts and route labels up to date; return what the capture is."""
    found = newest(con, settings.capture, "routing", exchanges=True)
    refresh(con)
    refresh_process(con)
    return prepare_capture(con, found, settings.thresholds)


def rows(work: Work) -> Iterator[Row]:
    """Yield a row for each exchange of the plan that was captured in its own split."""
    query = (files("lanes") / "routing_facts.sql").read_text(encoding="utf-8")
    facts = work.con.sql(query).to_arrow_table()
    place = {name: i for i, name in enumerate(facts["exchange_id"].to_pylist())}
    for name, at in (("not-captured", uncaptured(work.con)), ("crosses-split", moved(work.con))):
        if at:
            work.left_out[name] = at
    parts = stream(work.con, (files("lanes") / "routing_parts.sql").read_text(encoding="utf-8"))
    for exchange_id, group in groupby(parts, key=lambda part: part["exchange_id"]):
        found = facts.slice(place[exchange_id], 1).to_pylist()[0]
        yield as_row(list(group), found, work)
        work.advance(1)


def uncaptured(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many exchanges of the plan no prompt of the capture leads back to."""
    query = (
        "select count(*) from lane_plan where reason is null and exchange_id not in "
        "(select exchange_id from captured_spans where exchange_id is not null)"
    )
    return con.execute(query).fetchall()[0][0]


def moved(con: duckdb.DuckDBPyConnection) -> int:
    """Return how many captured exchanges of the plan stand in another split than their prompts."""
    query = (
        "select count(distinct exchange_id) from lane_plan p join captured_spans s "
        "using (exchange_id) where p.reason is null and p.split <> s.split and not exists "
        "(from captured_spans o where o.exchange_id = p.exchange_id and o.split = p.split)"
    )
    return con.execute(query).fetchall()[0][0]


def as_row(parts: Sequence[dict[str, Any]], facts: dict[str, Any], work: Work) -> Row:
    """Return one exchange's row from its parts, its process facts, spans and states."""
    first = parts[0]
    turns = [turn for part in parts if part["role"] for turn in turn_of(part, work)]
    data = {
        "exchange_id": first["exchange_id"],
        "turns": turns,
        "process": {name: facts["process"][name] for name, _ in PROCESS},
        "spans": facts["spans"],
        "states": [{name: state[name] for name, _ in STATE} for state in facts["states"]],
        "weight": first["weight"],
        "agent": first["agent"],
    }
    count = Counter(state["route"] for state in data["states"])
    count |= Counter(
        exchanges=1,
        turns=len(turns),
        states=len(data["states"]),
        planted=sum(state["planted"] is not None for state in data["states"]),
        sure=sum((state["confidence"] or 0) > 0 for state in data["states"]),
        chars=sum(len(turn["text"] or turn["result"] or "") for turn in turns),
    )
    member = Turn(first["exchange_id"], first["session_id"], first["weight"], True)
    return Row(first["split"], data, [member], count)


def turn_of(part: dict[str, Any], work: Work) -> Iterator[dict[str, Any]]:
    """Yield a turn: words of the person or the agent, or a tool call with its outcome."""
    turn = dict.fromkeys(name for name, _ in TURN) | {"role": part["role"]}
    settings, redactor = work.settings, work.redactor
    if part["tool"] is None:
        text = redactor.value(cut_middle(part["text"].strip(), LONGEST))
        if text:
            yield turn | {"text": cut_middle(text, settings.text_chars)}
        return
    yield turn | {
        "tool": part["tool"],
        "argument": argument(part["input"], settings, redactor),
        "outcome": part["outcome"],
        "result": result(part, settings, redactor),
    }


def argument(given: str | None, settings: RoutingSettings, redactor: Redactor) -> str:
    """Return what a tool was asked for in one line, secrets replaced before it is cut."""
    text = main_argument(parsed(given))
    clean = redactor.value(cut_middle(text, 2 * (settings.argument_chars + MARGIN)))
    return one_line(clean, settings.argument_chars)


def result(part: dict[str, Any], settings: RoutingSettings, redactor: Redactor) -> str:
    """Return what a tool said in one line: its end, or the start of an error."""
    output = redactor.value(cut_middle(part["output"] or "", 2 * (settings.result_chars + MARGIN)))
    said = Part("assistant", tool=part["tool"], output=output, ok=part["outcome"] == "ok")
    return summary(said, settings.result_chars)


def missing(settings: RoutingSettings, counts: Counts) -> list[str]:
    """Return what a build has too little of: rows, and states of each route."""
    few = too_few(counts, settings.minimum)
    for route in ROUTES:
        few += too_few(counts, settings.balance, route)
    return few


LANE = Lane(
    name="routing",
    settings=RoutingSettings,
    schema=schema,
    rows=rows,
    card=(
        "A row is an exchange that a capture has seen: `turns` are its words and tool calls in "
        "order, each call with its outcome; `process` is how it went; `spans` are the rows of the "
        "capture's shards that hold its states; `states` has for every position, candidate layer "
        "and damaged copy (`planted`) the facts of the state and the oracle's route and vitality, "
        "with a confidence to weigh them by."
    ),
    prepare=prepare,
    missing=missing,
    audit="routing_audit.sql",
    audited=("characters of a row", "states of route"),
    counted=("exchanges", "turns", "states", "planted"),
    supervised="of the states those whose label is at all sure",
    share=("sure", "states"),
)
