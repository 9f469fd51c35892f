"""A lineage printed for people: the thing itself with all its facts, then two trees."""

from datetime import datetime
from pathlib import PurePath
from typing import Any

from rich.text import Text
from rich.tree import Tree

from warehouse.console import cell_text, console
from warehouse.lineage import Node

QUOTED = ("text", "prompt", "input")
MADE = ("build", "capture", "run", "bundle", "promotion", "memory")  # stand in no dataset as rows
SHORT = ("sha256", "rule_set")  # hashes: the first 12 digits are enough to compare
# What a line of a tree leaves out, so that what it is there for is not cut off at its end.
UNSAID = {
    "message": ("ordinal", "role", "sent_at"),
    "exchange": ("session_id",),
    "row": ("split", "row"),
    "run": ("started_at",),
}


def show(node: Node) -> None:
    """Print a node, where it came from, and what was made of it."""
    out = console()
    out.print(Text(f"{node.kind} {node.id}", style="bold"))
    width = max(map(len, node.facts), default=0)
    for name, value in node.facts.items():
        out.print(Text(f"  {name:<{width}}  {worded(value)}"), soft_wrap=name == "path")
    for heading, children in (("came from", node.came_from), ("went into", node.went_into)):
        if children:
            tree = Tree(Text(heading, style="bold"))
            grow(tree, children, "came_from" if heading == "came from" else "went_into")
            out.print(tree)
    for edge, count in node.more.items():
        out.print(f"… and {count:,} more of kind {edge}; --all shows them")
    for file in {file.id: file for file in files_of(node)}.values():
        out.print(f"file {file.id}  {file.facts['path']}", markup=False, soft_wrap=True)
    if node.kind not in MADE and not reaches(node, "build"):
        out.print("went into no dataset yet")


def grow(tree: Tree, nodes: list[Node], direction: str) -> None:
    """Add nodes and what lies behind them to a tree."""
    for node in nodes:
        branch = tree.add(label(node))
        if node.kind == "record" and direction == "came_from":  # its file is named once, below
            continue
        grow(branch, getattr(node, direction), direction)
        for edge, count in node.more.items():
            branch.add(Text(f"… and {count:,} more of kind {edge}; --all shows them"))


def label(node: Node) -> Text:
    """Return a node on one line, cut where the terminal ends; of a file, the path stands below."""
    facts = dict(node.facts)
    if node.kind == "record":
        start, length = facts["byte_offset"], facts["byte_length"]
        line = f"record {node.id}  bytes {start:,} to {start + length:,}"
        return Text(f"{line}  sha256 {facts['sha256'][:12]}…")
    if node.kind == "file":
        name = PurePath(facts["path"]).name
        line = f"file {node.id}  {facts['bytes']:,} bytes, {facts['state']}  {name}"
        return Text(line, no_wrap=True, overflow="ellipsis")
    unsaid = UNSAID.get(node.kind, ())
    words = [brief(name, value) for name, value in facts.items() if name not in unsaid]
    line = "  ".join([f"{node.kind} {node.id}", *words])
    return Text(line, no_wrap=True, overflow="ellipsis")


def brief(name: str, value: Any) -> str:
    """Return a fact in a few characters.

    >>> brief("prompt", "Water\\nthe roses"), brief("rows", 3), brief("ok", True)
    ('“Water the roses”', 'rows 3', 'ok yes')
    """
    if isinstance(value, datetime):
        return f"{value:%Y-%m-%d %H:%M}"
    if name in QUOTED:
        return f"“{worded(value)}”"
    if isinstance(value, bool | int | float):
        return f"{name} {cell_text(value)}"
    return f"{name} {value[:12]}…" if name in SHORT else worded(value)


def worded(value: Any) -> str:
    """Return a fact on one line."""
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    return " ".join(cell_text(value).split())


def files_of(node: Node) -> list[Node]:
    """Return the files that a tree came from."""
    below = [file for child in node.came_from for file in files_of(child)]
    return below + [child for child in node.came_from if child.kind == "file"]


def reaches(node: Node, kind: str) -> bool:
    """Say whether anything of a kind lies downstream of a node."""
    return any(child.kind == kind or reaches(child, kind) for child in node.went_into)
