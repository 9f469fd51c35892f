"""What people see: tables that fit the terminal, progress with rates, and JSON for scripts.

rich is imported where it is used: a command that prints JSON is over before it would be there.
"""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

import orjson

from warehouse.printable import printable

if TYPE_CHECKING:
    from rich.console import Console


def console() -> "Console":
    """Return a console on standard output (looked up now, so that tests may capture it)."""
    from rich.console import Console

    return Console(file=sys.stdout, highlight=False, soft_wrap=False)


def print_table(
    columns: Sequence[str],
    rows: Iterable[Sequence[Any]],
    title: str | None = None,
    header: bool = True,
    empty: str = "nothing of this kind is here",
) -> None:
    """Print rows as a table; numbers stand right, None is an empty cell, markup is not read.

    Where the terminal is so narrow that words would be cut, a row is a paragraph instead. Without
    rows it is the line `empty`, which best says what makes some.
    """
    from rich.markup import escape
    from rich.table import Table

    out = console()
    if title:
        out.print(escape(printable(title)), style="italic")
    if not (body := [list(row) for row in rows]):
        out.print(empty, markup=False, soft_wrap=True)
        return
    cells = [[cell_text(cell) for cell in row] for row in body]
    widths = column_widths([list(columns) if header else [], *cells], out.width)
    if not widths and header and len(columns) > 2:
        print_paragraphs(columns, body, out)
        return
    table = Table(box=None, pad_edge=False, padding=(0, 2, 0, 0))
    table.show_header = header
    for i, name in enumerate(columns):
        numeric = all(isinstance(row[i], int | float | None) for row in body)
        table.add_column(
            escape(printable(name)),
            justify="right" if numeric else "left",
            overflow="fold",
            width=widths[i] if widths else None,
        )
    for row in cells:
        table.add_row(*map(escape, row))
    out.print(table)


LONG = 24  # columns of a word of prose that is kept whole


def column_widths(rows: Sequence[Sequence[str]], room: int) -> list[int]:
    """Return how wide each column is such that no word is cut; nothing where there is no room.

    What room is left goes to the narrowest columns first, as far as they have use for it.

    >>> column_widths([["rule", "why"], ["warmup", "One word, no question"]], 20)
    [6, 12]
    >>> column_widths([["a-long-word", "b"]], 10)
    []
    """
    from rich.cells import cell_len

    columns = list(zip_longest(*rows, fillvalue=""))
    words = [[cell.split() or [""] for cell in column] for column in columns]
    # Ids and paths stay whole; where most is prose, a word beyond all measure may be cut.
    prose = [2 * sum(len(cell) > 1 for cell in column[1:]) > len(column) - 1 for column in words]
    least = [
        min(max(cell_len(word) for cell in column for word in cell), LONG if free else room + 1)
        for column, free in zip(words, prose, strict=True)
    ]
    most = [max(cell_len(line) for cell in c for line in cell.split("\n")) for c in columns]
    spare = room - 2 * (len(columns) - 1) - sum(least)
    for _ in range(max(0, spare)):
        wanting = [i for i, want in enumerate(most) if want > least[i]]
        if not wanting:
            break
        least[min(wanting, key=lambda i: least[i])] += 1
    return least if spare >= 0 else []


def print_paragraphs(columns: Sequence[str], body: Iterable[Sequence[Any]], out: "Console") -> None:
    """Print a row as its first cell, and below it a line for each other cell that holds anything.

    >>> print_paragraphs(["rule", "hits"], [["warmup", 1200]], console())
    warmup
      hits  1,200
    """
    from rich.markup import escape
    from rich.table import Table

    width = max(len(name) for name in columns[1:])
    for first, *others in body:
        out.print(escape(cell_text(first)))
        for name, cell in zip(columns[1:], others, strict=True):
            if text := cell_text(cell):
                line = Table.grid(padding=(0, 2, 0, 0))
                line.add_column(width=width + 2)
                line.add_column(overflow="fold")
                line.add_row(f"  {escape(printable(name))}", escape(text))
                out.print(line)


def print_entries(
    entries: Iterable[tuple[str, Sequence[Any], str]], empty: str = "nothing of this kind is here"
) -> None:
    """Print each as a line of its name and facts, and below it what is to be said of it, indented.

    For what is mostly prose: it reads alike at any width.

    >>> print_entries([("warmup", ["drop", "sft"], "One word.")])
    warmup  drop  sft
      One word.
    """
    from rich.text import Text

    out, none = console(), True
    for name, facts, prose in entries:
        none = False
        shown = "".join(f"  {text}" for text in map(cell_text, facts) if text)
        out.print(Text.assemble((cell_text(name), "bold"), shown))
        for line in Text(cell_text(prose)).wrap(out, max(20, out.width - 2)):
            line.rstrip()
            out.print("  ", line, sep="")
    if none:
        out.print(empty, markup=False, soft_wrap=True)


def cell_text(cell: Any) -> str:
    """Return a cell as people read it.

    >>> cell_text(1234567), cell_text(0.5), cell_text(None), cell_text("a\\x1b[31m")
    ('1,234,567', '0.5', '', 'a�[31m')
    """
    if cell is None:
        return ""
    if isinstance(cell, bool):
        return "yes" if cell else "no"
    if isinstance(cell, int):
        return f"{cell:,}"
    if isinstance(cell, float):
        return f"{cell:,.4g}"
    return printable(str(cell))


def moment(at: object) -> str:
    """Return a time, or its ISO form, to the minute; nothing where there is none.

    >>> moment("2026-11-27T02:54:15+00:00"), moment(None)
    ('2026-11-27 02:54', '')
    """
    return "" if at is None else str(at)[:16].replace("T", " ")


def counted(count: int, noun: str) -> str:
    """Return how many of something, in the right number.

    >>> counted(1, "example"), counted(1200, "file")
    ('1 example', '1,200 files')
    """
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def sized(count: int) -> str:
    """Return bytes in the unit that says something.

    >>> sized(0), sized(47_579), sized(5_300_000), sized(812_000_000)
    ('0 kB', '48 kB', '5.3 MB', '812 MB')
    """
    if count < 1_000_000:
        return f"{count / 1e3:,.0f} kB"
    return f"{count / 1e6:,.1f} MB" if count < 1e8 else f"{count / 1e6:,.0f} MB"


def print_json(value: Any, line: bool = False) -> None:
    """Print a value as one JSON document, on one line where several follow each other."""
    option = 0 if line else orjson.OPT_INDENT_2
    sys.stdout.write(orjson.dumps(value, default=str, option=option).decode() + "\n")
    if line:
        sys.stdout.flush()


Progress = Callable[[int, int], None]  # bytes done, bytes in all


@contextmanager
def byte_bar(quiet: bool = False) -> Iterator[Progress]:
    """Give a function of (bytes done, bytes in all) that shows rate and time left on stderr."""
    if quiet or not sys.stderr.isatty():
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import (
        BarColumn,
        DownloadColumn,
        TimeRemainingColumn,
        TransferSpeedColumn,
    )
    from rich.progress import Progress as Bar

    columns = (BarColumn(), DownloadColumn(), TransferSpeedColumn(), TimeRemainingColumn())
    with Bar(*columns, console=Console(stderr=True), transient=True) as shown:
        task = shown.add_task("", total=None)
        yield lambda done, total: shown.update(task, completed=done, total=total)


@contextmanager
def counting_bar(description: str) -> Iterator[tuple[Callable[[int], None], Callable[[], None]]]:
    """Give (begin, tick) of a bar on stderr: `begin` hears once how often `tick` will be called."""
    from rich.console import Console
    from rich.progress import Progress as Bar

    screen = Console(stderr=True)
    with Bar(console=screen, transient=True, disable=not screen.is_terminal) as shown:
        task = shown.add_task(description, total=None)
        yield lambda n: shown.update(task, total=n), lambda: shown.advance(task)
