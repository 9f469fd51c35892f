"""A query's rows as a table that fits the terminal: long cells are cut, wide rows stand upright."""

from collections.abc import Sequence
from datetime import datetime
from itertools import islice
from typing import Any

import click
from rich.cells import cell_len, set_cell_size

from warehouse.console import cell_text, console
from warehouse.sql import Result

NARROWEST = 10  # a column is not cut below this
GAP = 2
EXPLAINED = ["explain_key", "explain_value"]  # a drawing, not cells


def show(result: Result, limit: int) -> None:
    """Print the first rows; 0 is no limit. A note on standard error says when there are more."""
    if result.columns == EXPLAINED:
        click.echo("\n".join(str(row[1]) for row in result.rows))
        return
    rows = list(islice(result.rows, limit + 1) if limit else result.rows)
    more, rows = bool(limit) and len(rows) > limit, rows[: limit or None]
    for line in lines(result.columns, rows, console().width):
        click.echo(line)
    if more:
        note = f"first {limit} rows; --limit N shows more, --csv, --json and --parquet give all"
        click.echo(note, err=True)
    elif not rows:
        click.echo("no rows", err=True)


def lines(columns: Sequence[str], rows: Sequence[Sequence[Any]], width: int) -> list[str]:
    """Lay rows out for a terminal of `width` columns.

    >>> lines(["a", "text"], [[1, "x" * 30]], 16)
    ['a  text', '1  xxxxxxxxxxxx…']
    """
    body = [[one_line(value) for value in row] for row in rows]
    right = [all(_is_number(row[i]) for row in rows) and bool(rows) for i in range(len(columns))]
    natural = [
        max([cell_len(name), *(cell_len(row[i]) for row in body)]) for i, name in enumerate(columns)
    ]
    least = [
        size if number else min(size, max(NARROWEST, cell_len(name)))
        for size, number, name in zip(natural, right, columns, strict=True)
    ]
    widths = fit(natural, least, width - GAP * (len(columns) - 1))
    if widths is None:
        return upright(columns, body, width)
    return [
        (" " * GAP).join(map(place, row, widths, right)).rstrip() for row in [[*columns], *body]
    ]


def fit(natural: list[int], least: list[int], room: int) -> list[int] | None:
    """Share `room` between columns: the small ones whole, the large ones cut alike; None: too many.

    >>> fit([4, 100, 30], [4, 10, 10], 60)
    [4, 28, 28]
    """
    if sum(least) > room:
        return None
    cap = max(natural, default=0)
    while (
        cap
        and sum(max(low, min(size, cap)) for size, low in zip(natural, least, strict=True)) > room
    ):
        cap -= 1
    return [max(low, min(size, cap)) for size, low in zip(natural, least, strict=True)]


def upright(columns: Sequence[str], rows: list[list[str]], width: int) -> list[str]:
    """Lay each row out as lines of name and value, for rows with too many columns.

    >>> upright(["a", "long"], [["1", "xyz"]], 80)
    ['── row 1', '   a  1', 'long  xyz']
    """
    names = max(map(cell_len, columns))
    out = []
    for number, row in enumerate(rows, 1):
        out.append(f"── row {number}")
        for name, cell in zip(columns, row, strict=True):
            value = place(cell, min(cell_len(cell), max(width - names - GAP, NARROWEST)), False)
            out.append(f"{place(name, names, True)}{' ' * GAP}{value}".rstrip())
    return out


def place(cell: str, size: int, right: bool) -> str:
    """Return a cell `size` wide, cut with an ellipsis where it is longer; a path keeps its end.

    >>> place("/srv/garden/roses.txt", 12, False)
    '…n/roses.txt'
    """
    if cell_len(cell) > size:
        if cell.startswith("/") and cell.isascii():
            return "…" + cell[len(cell) - size + 1 :]
        return set_cell_size(cell, size - 1) + "…"
    padding = " " * (size - cell_len(cell))
    return padding + cell if right else cell + padding


def one_line(value: Any) -> str:
    """Return a value on one line.

    >>> one_line("a\\n  b"), one_line(datetime(2026, 1, 2, 3, 4, 5, 6)), one_line(b"ab")
    ('a b', '2026-01-02 03:04:05', '6162')
    """
    if isinstance(value, datetime):
        return value.isoformat(" ", "seconds")
    if isinstance(value, bytes):
        return value[:1_000].hex()
    return " ".join(cell_text(value[:2_000] if isinstance(value, str) else value).split())


def _is_number(value: Any) -> bool:
    return value is None or (isinstance(value, int | float) and not isinstance(value, bool))
