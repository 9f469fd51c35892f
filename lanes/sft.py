"""The SFT lane: exchanges that every rule lets pass in, conversations with a loss mask out."""

from collections import Counter
from collections.abc import Iterable, Iterator
from importlib.resources import files
from itertools import groupby, islice
from typing import Any

import duckdb
import orjson
import pyarrow as pa
from pydantic import NonNegativeInt, PositiveInt

from filters.secrets import Redactor
from lanes.chat import MARGIN, Part, Tools, cut_middle, main_argument, map_strings, talk
from lanes.grounding import Memory, grounded, remembered
from lanes.lane import Counts, Lane, Row, Turn, Work
from lanes.minimum import too_few
from lanes.settings import Settings
from lanes.windows import Limits, Member, Window, windows

BATCH = 2000  # rows that DuckDB hands over at once
TOGETHER = 500  # parts whose strings are looked through as one
LONGEST = 200_000  # characters of one text that are looked at


class SftSettings(Settings):
    """What lanes/sft.toml holds; its comments say what each is."""

    tools: Tools
    max_chars: PositiveInt
    max_exchanges: PositiveInt
    prompt_chars: PositiveInt
    history_exchanges: int
    history_chars: int
    memories: NonNegativeInt
    memory_chars: PositiveInt
    steps: list[tuple[int, int]]
    keep_steps: list[tuple[int, int]]
    minimum: dict[str, int]


def schema(settings: SftSettings) -> pa.Schema:
    """Return the columns of the Parquet files."""
    text = pa.string()
    message = [("role", text), ("content", text)]
    if settings.tools == "keep":
        function = pa.struct([("name", text), ("arguments", text)])
        call = pa.struct([("id", text), ("type", text), ("function", function)])
        message += [("tool_calls", pa.list_(call)), ("tool_call_id", text), ("name", text)]
    return pa.schema(
        [
            ("messages", pa.list_(pa.struct(message))),
            ("loss", pa.list_(pa.bool_())),
            ("weight", pa.float64()),
            ("exchange_ids", pa.list_(text)),
            ("exchange_of", pa.list_(pa.int32())),
            ("agent", text),
            ("grounded_in", text),
            ("memory_ids", pa.list_(text)),
        ]
    )


def rows(work: Work) -> Iterator[Row]:
    """Yield the rows of every family in the plan, family by family."""
    known = remembered(work.con, work.settings.memories)
    query = (files("lanes") / "sft_parts.sql").read_text(encoding="utf-8")
    parts = foreseen(stream(work.con, query), work)
    for _, family in groupby(parts, key=lambda part: part["family_id"]):
        yield from family_rows(family, work, known)


def family_rows(
    family: Iterable[dict[str, Any]], work: Work, known: dict[str, list[Memory]]
) -> Iterator[Row]:
    """Yield the rows of one family from the parts of its exchanges."""
    members: list[Member] = []
    parents: dict[str, str | None] = {}
    split = agent = ""
    for exchange_id, group in groupby(family, key=lambda part: part["exchange_id"]):
        parts = list(group)
        facts = parts[0]
        parents[exchange_id] = facts["parent_exchange_id"]
        split, agent = facts["split"], facts["agent"]
        if not facts["reason"]:
            add_member(members, facts, [p for p in parts if p["part_id"]], work)
            work.advance(1)
    without = frozenset(known)
    for window in windows(members, parents, limits(work.settings), without):
        row = as_row(window, split, agent)
        opens = window.new[0].exchange_id
        yield grounded(row, known[opens], work) if opens in known else row


def stream(con: duckdb.DuckDBPyConnection, query: str) -> Iterator[dict[str, Any]]:
    """Yield the rows of a query a batch at a time."""
    for batch in con.sql(query).to_arrow_reader(BATCH):
        yield from batch.to_pylist()


def foreseen(parts: Iterator[dict[str, Any]], work: Work) -> Iterator[dict[str, Any]]:
    """Yield parts with what is exported of each as `raw`, its strings looked through together."""
    while batch := list(islice(parts, TOGETHER)):
        for part in batch:
            part["raw"] = raw(part, work.settings) if part["part_id"] else None
        work.redactor.foresee([part["raw"] for part in batch])
        yield from batch


def limits(settings: SftSettings) -> Limits:
    """Return what a row may hold."""
    return Limits(
        settings.max_chars,
        settings.max_exchanges,
        settings.history_chars,
        settings.history_exchanges,
    )


def add_member(
    members: list[Member], row: dict[str, Any], parts: list[dict[str, Any]], work: Work
) -> None:
    """Make an exchange's chat and add it to the family's members, or count why not."""
    settings = work.settings
    steps = settings.keep_steps if settings.tools == "keep" else settings.steps
    if settings.tools == "none":
        steps = [(0, 0)]
    clean = cleaned(parts, work.redactor)
    made = talk(clean, settings.tools, (settings.max_chars, settings.prompt_chars), steps)
    if isinstance(made, str):
        work.left_out[made] += 1
        return
    if row["interrupted"]:
        work.left_out["interrupted"] += 1
    members.append(
        Member(
            row["exchange_id"],
            row["session_id"],
            row["parent_exchange_id"],
            made,
            row["weight"],
            not row["interrupted"],
        )
    )


def cleaned(parts: list[dict[str, Any]], redactor: Redactor) -> list[Part]:
    """Return an exchange's parts with every secret replaced, before anything is cut to length."""
    strings = redactor.value([part["raw"] for part in parts])
    return [
        Part(part["role"], *found, ok=part["ok"], rejected=bool(part["rejected"]))
        for part, found in zip(parts, strings, strict=True)
    ]


def raw(part: dict[str, Any], settings: SftSettings) -> list[Any]:
    """Return what is exported of a part: text, call id, tool, input and output, none too long."""
    if part["tool"] is None:
        return [cut_middle(part["text"], LONGEST), "", None, None, None]
    value, step = parsed(part["input"]), settings.keep_steps[0]
    if settings.tools != "keep":
        value, step = main_argument(value), settings.steps[0]
    value = map_strings(value, lambda text: cut_middle(text, 2 * (step[0] + MARGIN)))
    output = cut_middle(part["output"] or "", 2 * (step[1] + MARGIN))
    return ["", part["part_id"], part["tool"], value, output]


def parsed(text: str | None) -> Any:
    """Return a tool's input as a value; what is no JSON is a string.

    >>> parsed('{"a": 1}'), parsed("rm"), parsed(None)
    ({'a': 1}, 'rm', {})
    """
    try:
        return orjson.loads(text) if text else {}
    except orjson.JSONDecodeError:
        return text


def as_row(window: Window, split: str, agent: str) -> Row:
    """Return a window as a row: context first, loss only on what is new and earns it."""
    members = [*window.context, *window.new]
    supervised = [False] * len(window.context) + [member.earns for member in window.new]
    messages = [message for member in members for message in member.talk.messages]
    loss = [
        bit and earns
        for member, earns in zip(members, supervised, strict=True)
        for bit in member.talk.loss
    ]
    weight = next(m.weight for m in window.new if m.earns)
    turns = [
        Turn(m.exchange_id, m.session_id, weight if earns else 0.0, earns)
        for m, earns in zip(members, supervised, strict=True)
    ]
    data = {
        "messages": messages,
        "loss": loss,
        "weight": weight,
        "exchange_ids": [member.exchange_id for member in members],
        "exchange_of": [i for i, m in enumerate(members) for _ in m.talk.messages],
        "agent": agent,
        "grounded_in": "exchanges" if window.context else "",
        "memory_ids": [],
    }
    return Row(split, data, turns, counts(window, messages, loss))


def counts(window: Window, messages: list[dict[str, Any]], loss: Iterable[bool]) -> Counter[str]:
    """Return what a row adds to the table of its split."""
    cut = Counter(f"cut {what}" for member in window.new for what in member.talk.cut)
    chars = Counter(
        exchanges=sum(member.earns for member in window.new),
        context=len(window.context) + sum(not member.earns for member in window.new),
        messages=len(messages),
        chars=sum(member.talk.chars for member in [*window.context, *window.new]),
        supervised_chars=sum(
            len(m["content"])
            + sum(len(c["function"]["arguments"]) for c in m.get("tool_calls", ()))
            for m, bit in zip(messages, loss, strict=True)
            if bit
        ),
    )
    return chars + cut


def missing(settings: SftSettings, counts: Counts) -> list[str]:
    """Return which splits have fewer rows than is worth training or measuring on."""
    return too_few(counts, settings.minimum)


LANE = Lane(
    name="sft",
    settings=SftSettings,
    schema=schema,
    rows=rows,
    card=(
        "A row is a conversation: `messages` in chat form, `loss` says for every message whether a "
        "model is trained on it (only answers that earn it), `weight` is the row's weight, "
        "`exchange_ids` lead back to the warehouse, `exchange_of` says which of them a message is "
        "of. Before the first prompt stand memories that precede it and are about it "
        "(`grounded_in` is memories, `memory_ids` names them), else earlier exchanges may be "
        "repeated as context (exchanges); every answer is supervised in exactly one row."
    ),
    missing=missing,
)
