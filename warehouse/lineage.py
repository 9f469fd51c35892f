"""From any id to where it came from and what was made of it: in, an id; out, a tree of nodes.

The kinds and their connections stand in `lineage.sql`; this file walks them.
"""

import os
import re
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

import duckdb

from warehouse.errors import AgpError

# kind -> (edge, kind at its end, walk on from there?). Where one leads to very many, it ends there.
FROM = {
    "promotion": [("run", "run", True), ("bundle", "bundle", True)],
    "bundle": [("run", "run", True)],
    "run": [("parent", "run", True), ("build", "build", True), ("capture", "capture", True)],
    "capture": [("file", "file", False), ("exchange", "exchange", False)],
    "build": [("file", "file", False), ("row", "row", False)],
    "row": [("exchange", "exchange", True)],
    "exchange": [("caller", "call", False), ("message", "message", True)],
    "call": [("message", "message", True)],
    "message": [("record", "record", True)],
    "memory": [("before", "memory", False), ("record", "record", True)],
    "record": [("file", "file", True)],
    "session": [("file", "file", True)],
}
INTO = {
    "file": [
        ("session", "session", False),
        ("exchange", "exchange", False),
        ("build", "build", True),
    ],
    "record": [("message", "message", True), ("memory", "memory", False)],
    "memory": [
        ("after", "memory", False),
        ("message", "message", True),
        ("conversation", "session", False),
    ],
    "message": [("exchange", "exchange", True)],
    "call": [("exchange", "exchange", True)],
    "exchange": [("agent", "exchange", False), ("row", "row", True), ("capture", "capture", True)],
    "capture": [("run", "run", True)],
    "session": [("exchange", "exchange", False), ("build", "build", True)],
    "row": [("build", "build", True)],
    "build": [("run", "run", True)],
    "run": [
        ("child", "run", False),
        ("bundle", "bundle", True),
        ("promotion", "promotion", True),
    ],
    "bundle": [("promotion", "promotion", True)],
}
KINDS = (
    "exchange",
    "message",
    "call",
    "session",
    "file",
    "record",
    "row",
    "build",
    "capture",
    "run",
    "bundle",
    "promotion",
    "memory",
)
SHORTEST_PREFIX = 6
SHORTEST_EXCHANGE = 2  # its x says what it is, and every other command takes as little
PREFIXED = {
    "exchange": "select exchange_id from exchanges where starts_with(exchange_id, $id)",
    "message": "select message_id from placements where starts_with(message_id, $id)",
    "call": "select tool_call_id from tool_uses where starts_with(tool_call_id, $id)",
    "session": "select session_id from sessions where starts_with(session_id, $id)",
    "file": "select file_id from files where starts_with(file_id, $id)",
    "build": "select build_id from lane_builds where starts_with(build_id, $id)",
    "capture": "select capture_id from captures where starts_with(capture_id, $id)",
    "run": "select run_id from runs where starts_with(run_id, $id)",
    "bundle": "select bundle_id from model_bundles where starts_with(bundle_id, $id)",
    "promotion": "select promotion_id from promotions where starts_with(promotion_id, $id)",
    "memory": "select memory_id from memory_versions where starts_with(memory_id, $id)",
}


@dataclass
class Node:
    """A thing with its facts, where it came from and what was made of it."""

    kind: str
    id: str
    facts: dict[str, Any]
    came_from: list["Node"] = field(default_factory=list)
    went_into: list["Node"] = field(default_factory=list)
    more: dict[str, int] = field(default_factory=dict)  # how many of a kind were left out

    def as_json(self) -> dict[str, Any]:
        """Return the tree as plain values; what is empty is left out.

        `kind` is what a node is; what kind of that it is (a prompt, a transcript) is its `form`.
        """
        facts = {"form" if name == "kind" else name: value for name, value in self.facts.items()}
        tree: dict[str, Any] = {"kind": self.kind, "id": self.id, **facts}
        if self.came_from:
            tree["came_from"] = [node.as_json() for node in self.came_from]
        if self.went_into:
            tree["went_into"] = [node.as_json() for node in self.went_into]
        return tree | ({"left_out": self.more} if self.more else {})


@cache
def sections() -> dict[str, str]:
    """Return the queries of lineage.sql by name."""
    text = (files("warehouse") / "lineage.sql").read_text(encoding="utf-8")
    parts = re.split(r"^-- section: (.+)\n", text, flags=re.MULTILINE)[1:]
    return {
        name: sql.strip().rstrip(";") for name, sql in zip(parts[::2], parts[1::2], strict=True)
    }


def trace(con: duckdb.DuckDBPyConnection, given: str, limit: int | None = None) -> Node:
    """Return the node of an id with all it is connected to, at most `limit` at each step."""
    root = resolve(con, given)
    walk(con, root, FROM, limit)
    walk(con, root, INTO, limit)
    return root


def walk(con: duckdb.DuckDBPyConnection, node: Node, edges: dict, limit: int | None) -> None:
    """Follow the edges of one direction from a node."""
    for edge, kind, onward in edges.get(node.kind, ()):
        found = described(con, kind, sections()[f"{node.kind} > {edge}"], node.id)
        if limit is not None and len(found) > limit:
            node.more[edge] = len(found) - limit
            found = found[:limit]
        (node.came_from if edges is FROM else node.went_into).extend(found)
        for child in found if onward else ():
            walk(con, child, edges, limit)


def described(con: duckdb.DuckDBPyConnection, kind: str, wanted: str, given: str) -> list[Node]:
    """Return the nodes of a kind whose ids a query gives."""
    query = f"with wanted as (select distinct id from ({wanted})) {sections()[kind]}"
    cursor = con.execute(query, {"id": given})
    names = [column[0] for column in cursor.description or []]
    rows = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [
        Node(kind, row.pop("id"), {k: v for k, v in row.items() if v is not None}) for row in rows
    ]


def resolve(con: duckdb.DuckDBPyConnection, given: str) -> Node:
    """Find what an id names: whole, by its first characters, or a path (with `:ordinal`)."""
    known = by_path(con, given)
    if found := whole(con, known) or whole(con, by_beginning(con, known)):
        return found
    if not (some := beginning(con, known, *PREFIXED)):
        raise AgpError(
            f"nothing here has the id {given}; ids stand in the views (`agp sql --tables`), a "
            "record is FILE:ORDINAL, a row BUILD:SPLIT:ROW"
        )
    kind, name = some
    return described(con, kind, "select $id::varchar as id", name)[0]


def whole(con: duckdb.DuckDBPyConnection, given: str) -> Node | None:
    """Return what has exactly this id."""
    for kind in KINDS:
        if found := described(con, kind, "select $id::varchar as id", given):
            return found[0]
    return None


def beginning(con: duckdb.DuckDBPyConnection, given: str, *kinds: str) -> tuple[str, str] | None:
    """Return kind and id of the one thing of some kinds whose id begins so; raise if several do."""
    found = [
        (kind, row[0])
        for kind in kinds
        if len(given) >= (SHORTEST_EXCHANGE if kind == "exchange" else SHORTEST_PREFIX)
        for row in con.execute(PREFIXED[kind] + " group by 1 limit 3", {"id": given}).fetchall()
    ]
    if len(found) > 1:
        some = ", ".join(f"{kind} {item}" for kind, item in found[:3])
        raise AgpError(f"{given} may be one of several: {some}; give more of it")
    return found[0] if found else None


def by_beginning(con: duckdb.DuckDBPyConnection, given: str) -> str:
    """Complete the file of FILE:ORDINAL or the build of BUILD:SPLIT:ROW from how its id begins."""
    first, *place = given.split(":")
    kind = {1: "file", 2: "build"}.get(len(place))
    found = beginning(con, first, kind) if kind else None
    return ":".join([found[1], *place]) if found else given


def by_path(con: duckdb.DuckDBPyConnection, given: str) -> str:
    """Turn a path, or PATH:ORDINAL, into the id of the file's newest version; else return it.

    A path may be relative to the folder one stands in.
    """
    path, _, ordinal = given.rpartition(":")
    for candidate, suffix in ((given, ""), (path, f":{ordinal}")):
        spellings = [candidate, os.path.abspath(candidate), os.path.realpath(candidate)]
        found = con.execute(
            "select file_id from files where path in (select unnest($paths::varchar[])) "
            "order by version desc limit 1",
            {"paths": [spelled for spelled in spellings if candidate]},
        ).fetchall()
        if found:
            return found[0][0] + suffix
    return given
