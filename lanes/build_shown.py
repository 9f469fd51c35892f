"""A build as people read it: its manifest in, tables on the terminal out."""

from typing import TYPE_CHECKING, Any

import click

from warehouse.console import print_table

if TYPE_CHECKING:
    from lanes.lane import Lane


def nothing_in(splits: list[str], capture: dict[str, Any] | None) -> str:
    """Return why some splits have no row: what a capture holds decides, else the history's size.

    >>> nothing_in(["train"], {"capture_id": "c4f1"})[:50]
    'Capture c4f1 holds nothing for train: `agp train c'
    """
    names = ", ".join(splits)
    if capture:
        found = f"Capture {capture['capture_id']} holds nothing for {names}"
        return f"{found}: `agp train capture --splits` says which splits it takes in."
    return f"No family fell into {names}: the history is small; later builds fill it."


def show(made: dict[str, Any]) -> None:
    """Print a build as people read it."""
    from lanes.lane import lane_named

    lane = lane_named(made["lane"])
    columns = ("split", "rows", *lane.counted, "characters", "≈ tokens", "supervised")
    rows = [split_cells(name, facts, lane) for name, facts in made["splits"].items()]
    print_table(columns, rows)
    click.echo(f"supervised: {lane.supervised}")
    left = made["left_out"]
    if left["reasons"]:
        show_left_out(left)
    if made["redactions"]:
        print_table(("secrets replaced", "times"), made["redactions"].items())
    if made["empty_splits"]:
        click.echo(nothing_in(made["empty_splits"], made["parameters"].get("capture")))
    if failed := made["parameters"].get("labels", {}).get("left_out"):
        click.echo(f"left out: {', '.join(failed)}; `agp labels run` says why")
    for line in made["missing"]:
        click.echo(f"too little: {line}")
    word = "built" if made["new"] else "unchanged"
    click.echo(f"{word} {made['build_id']} in {made['path']}")


def show_left_out(left: dict[str, Any]) -> None:
    """Print why exchanges were left out, and by which rules: each counts once, and both add up."""
    reasons, first = left["reasons"], left["first_rule"]
    title = f"left out: {sum(reasons.values()):,} of {left['exchanges']:,} exchanges"
    print_table(("because", "exchanges"), reasons.items(), title=title)
    if left["by_rule"]:
        rows = [[rule, hits, first.get(rule)] for rule, hits in left["by_rule"].items()]
        title = f"by rule: {sum(first.values()):,} exchanges, some dropped by several"
        rows.append(["all", None, sum(first.values())])
        print_table(("rule", "drops", "first to"), rows, title=title)


def split_cells(name: str, facts: dict[str, Any], lane: "Lane") -> list[Any]:
    """Return a split's line of the table; tokens are estimated at four characters each."""
    from lanes.card import supervised

    chars = facts.get("chars", 0)
    counts = [facts.get(key, 0) for key in ("rows", *lane.counted)]
    return [name, *counts, chars, chars // 4, supervised(facts, lane)]
