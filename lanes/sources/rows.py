"""Rows of the normal layer on their way in: tuples by table go in, Arrow tables come out.

A source appends plain tuples, since nothing else is as quick in Python; a batch makes the columns.
"""

from typing import Any, NamedTuple

import pyarrow as pa

from lanes.sources.times import UTC_TIME, time_array

STRING, INT, LONG, BOOL, BLOB = pa.string(), pa.int32(), pa.int64(), pa.bool_(), pa.binary()
Row = tuple[Any, ...]


class Here(NamedTuple):
    """The record that is being read: what all its rows share."""

    file_id: str
    ordinal: int
    session_id: str
    agent_id: str | None
    time: Any  # as the source wrote it


def _columns(kind: pa.DataType, names: str) -> dict[str, pa.DataType]:
    return dict.fromkeys(names.split(), kind)


_RECORD = {"file_id": STRING, "record_ordinal": INT}
# Every table's columns in the order of the schema; an appended tuple has this order.
TABLES: dict[str, dict[str, pa.DataType]] = {
    "messages": _RECORD
    | _columns(STRING, "message_id session_id agent_id parent_id api_id role author kind model")
    | {"sent_at": UTC_TIME, "text": STRING},
    "blocks": _RECORD
    | {"ordinal": INT, "type": STRING, "text_start": INT, "text_length": INT, "text": STRING}
    | {"tool_call_id": STRING, "payload": BLOB},
    "tool_uses": _RECORD
    | _columns(STRING, "tool_call_id message_id tool original_name input")
    | {"called_at": UTC_TIME},
    "tool_results": _RECORD
    | _columns(STRING, "tool_call_id message_id output")
    | _columns(BOOL, "ok explicit_error rejected")
    | {"exit_code": INT, "duration_ms": LONG, "returned_at": UTC_TIME, "output_file": STRING},
    "long_texts": _RECORD | _columns(STRING, "tool_call_id part") | {"piece": INT, "text": STRING},
    "tool_outputs": _RECORD | _columns(STRING, "session_id name text"),
    "links": _RECORD | _columns(STRING, "message_id session_id agent_id parent_id"),
    "facts": _RECORD | _columns(STRING, "session_id kind key value"),
    "logged_prompts": _RECORD
    | _columns(STRING, "message_id session_id project")
    | {"asked_at": UTC_TIME}
    | _columns(BOOL, "answered open_ended")
    | {"complexity": pa.float64()}
    | _columns(LONG, "tokens tool_calls tool_errors edits"),
    "memory_versions": _RECORD | _columns(STRING, "memory_id place row_key") | {"deleted": BOOL},
    "memories": _RECORD
    | _columns(STRING, "memory_id conversation_id role text")
    | _columns(STRING, "phase domain task_type project content_hash")
    | _columns(pa.float64(), "salience phase_confidence")
    | _columns(pa.float64(), "depth sibling_order homogeneity temporal complexity")
    | _columns(UTC_TIME, "created_at updated_at deleted_at")
    | {"embedding": pa.list_(pa.float32())},
    "memory_edges": _RECORD
    | _columns(STRING, "memory_id parent_id child_id edge_type")
    | _columns(UTC_TIME, "created_at deleted_at"),
    "usage_lines": _RECORD
    | _columns(STRING, "call_id session_id model")
    | {"called_at": UTC_TIME}
    | _columns(LONG, "input_tokens cache_read_tokens cache_write_tokens")
    | _columns(LONG, "output_tokens reasoning_tokens"),
}


LONG = 64 << 10  # characters of a tool's input or output from which on it stands in pieces
PIECE = 16 << 10  # characters; the warehouse handles 2,048 values at once
PARTS = {"tool_uses": ("input", 6), "tool_results": ("output", 4)}  # table -> column, its place


class Rows:
    """Buffers of rows, one list of tuples a table; `context` is what a parser carries on."""

    def __init__(self) -> None:
        """Start empty."""
        self.messages: list[Row] = []
        self.blocks: list[Row] = []
        self.tool_uses: list[Row] = []
        self.tool_results: list[Row] = []
        self.long_texts: list[Row] = []
        self.tool_outputs: list[Row] = []
        self.links: list[Row] = []
        self.facts: list[Row] = []
        self.logged_prompts: list[Row] = []
        self.memory_versions: list[Row] = []
        self.memories: list[Row] = []
        self.memory_edges: list[Row] = []
        self.usage_lines: list[Row] = []
        self.context: Any = ()

    def add_message(self, here: Here, ids: Row, said: Row, text: str | None) -> None:
        """Append a message: (id, parent, API id), (role, author, kind, model) and its words."""
        name, parent, api_id = ids
        row = (*here[:2], name, *here[2:4], parent, api_id, *said, here.time, text or None)
        self.messages.append(row)

    def sessions(self) -> set[str]:
        """Return the sessions these rows speak of: what `resolve` must look at again."""
        return (
            {row[3] for row in self.messages}
            | {row[3] for row in self.links}
            | {row[2] for row in self.facts}
            | {row[2] for row in self.tool_outputs}
        )

    def to_arrow(self) -> dict[str, pa.Table]:
        """Return a table for each buffer that holds rows, columns in schema order."""
        for table, (part, place) in PARTS.items():
            self._cut(getattr(self, table), part, place)
        return {name: _table(name, getattr(self, name)) for name in TABLES if getattr(self, name)}

    def _cut(self, rows: list[Row], part: str, place: int) -> None:
        """Put long texts of a column into pieces; their rows hold null."""
        taken: set[Row] = set()
        for i, row in enumerate(rows):
            if (text := row[place]) is None or len(text) <= LONG or row[:3] in taken:
                continue
            taken.add(row[:3])  # a record may show a call twice; what it shows again stays
            starts = range(0, len(text), PIECE)
            self.long_texts += [
                (*row[:3], part, n, text[at : at + PIECE]) for n, at in enumerate(starts)
            ]
            rows[i] = (*row[:place], None, *row[place + 1 :])


def _table(name: str, rows: list[Row]) -> pa.Table:
    columns = TABLES[name]
    arrays = [_array(c, t) for c, t in zip(zip(*rows, strict=True), columns.values(), strict=True)]
    return pa.table(arrays, names=list(columns))


def _array(values: Row, kind: pa.DataType) -> pa.Array:
    if kind == UTC_TIME:
        return time_array(values)
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:  # lone surrogates, which JSON allows and UTF-8 does not
        return pa.array([None if v is None else clean(v) for v in values], kind)


def clean(text: str) -> str:
    """Return the text with U+FFFD for every lone surrogate; pairs become their character.

    >>> clean("a\\ud83d b\\ud83d\\ude00")
    'a\ufffd b😀'
    """
    return text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
