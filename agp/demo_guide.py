"""The demo's voice: it explains, types commands and shows what they print."""

import json
import shlex
import subprocess
import sys
import textwrap
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click
from click.testing import CliRunner

from warehouse.console import cell_text, console
from warehouse.errors import AgpError

MOST_LINES = 28


class Guide:
    """Explains, types commands and shows what they print."""

    def __init__(self, home: Path) -> None:
        """Begin a walk in `home`."""
        self.home, self.number, self.began = home, 0, time.monotonic()

    def step(self, title: str, words: str) -> None:
        """Open a step with what it is about."""
        self.number += 1
        out = console()
        out.print()
        out.rule(f"[bold]{self.number}. {title}[/bold]", align="left")
        out.print(words, markup=False)

    def run(
        self, *args: str, stdin: str | None = None, lines: int = MOST_LINES, last: int = 0
    ) -> str:
        """Type a command and show the first lines of what it prints, and the `last` ones."""
        self.type(args)
        return self.show(self.quietly(*args, stdin=stdin), lines, last)

    def run_apart(self, *args: str, lines: int = MOST_LINES, last: int = 0) -> str:
        """Type a command that takes its time: in a process of its own, its progress in sight."""
        self.type(args)
        done = subprocess.run(
            [sys.executable, "-m", "agp", *args], stdout=subprocess.PIPE, text=True
        )
        if done.returncode:
            raise AgpError(f"agp {shlex.join(args)} failed")
        return self.show(done.stdout, lines, last)

    def show(self, printed: str, lines: int, last: int) -> str:
        """Show the first lines of what a command printed, and the `last` ones; return it all."""
        kept = printed.rstrip().split("\n")
        for line in shortened(kept, lines, last):
            click.echo(cropped(cell_text(line.rstrip().replace(str(self.home), "~"))))
        return printed

    def type(self, args: Sequence[str]) -> None:
        """Show a command as a person in the demo's home would type it."""
        command = typed([a.replace(str(self.home), "~") for a in args])
        console().print(f"\n{command}", style="bold", markup=False, soft_wrap=True)

    def quietly(self, *args: str, stdin: str | None = None) -> str:
        """Run a command and return what it printed."""
        from agp.cli import main

        result = CliRunner().invoke(main, args, input=stdin, prog_name="agp")
        if result.exit_code:
            known = isinstance(result.exception, AgpError)
            said = str(result.exception) if known else result.output or repr(result.exception)
            raise AgpError(f"agp {shlex.join(args)} failed: {said.strip()}")
        return result.stdout

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query, without showing it."""
        return json.loads(self.quietly("sql", query, "--json"))


def typed(args: Sequence[str]) -> str:
    """Return a command as a person would type it, over several lines where it is long.

    >>> print(typed(["sql", "select 'a'", "--out", "~/b"]))
    $ agp sql "select 'a'" --out ~/b
    """
    words = [quoted(a) for a in args]
    return "\n    ".join(
        textwrap.wrap(
            f"$ agp {' '.join(words)}", 74, break_long_words=False, break_on_hyphens=False
        )
    )


def quoted(word: str) -> str:
    """Return a word as a shell takes it, `~/` at its beginning left to the shell."""
    if word.startswith("~/"):
        return f"~/{shlex.quote(word[2:])}"
    return f'"{word}"' if "'" in word and '"' not in word else shlex.quote(word)


def shortened(lines: Sequence[str], most: int, last: int = 0) -> list[str]:
    """Return at most `most` lines, the `last` ones among them, and how many were left out.

    >>> shortened(["a", "b", "c", "d", "e"], 3, last=1)
    ['a', 'b', '… 2 more lines', 'e']
    """
    left_out = len(lines) - most
    if left_out <= 0:
        return list(lines)
    said = f"… {left_out} more line{'s' if left_out > 1 else ''}"
    return [*lines[: most - last], said, *lines[len(lines) - last :]]


def cropped(line: str) -> str:
    """Return a line that fits the terminal."""
    return line if len(line) <= 80 else line[:79] + "…"
