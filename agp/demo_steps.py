"""What `agp demo` shows, one function a step: a guide in, words and commands with their output out.

Every step really runs the public commands it shows.
"""

import json
import shlex
import textwrap
import time
from collections.abc import Callable, Sequence
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
        console().print(f"\n{typed(args)}", style="bold", markup=False, soft_wrap=True)
        printed = self.quietly(*args, stdin=stdin)
        kept = printed.rstrip().split("\n")
        for line in shortened(kept, lines, last):
            click.echo(cropped(cell_text(line.rstrip().replace(str(self.home), "~"))))
        return printed

    def quietly(self, *args: str, stdin: str | None = None) -> str:
        """Run a command and return what it printed."""
        from agp.cli import main

        result = CliRunner().invoke(main, args, input=stdin, prog_name="agp")
        if result.exit_code:
            said = (
                str(result.exception) if isinstance(result.exception, AgpError) else result.output
            )
            raise AgpError(f"agp {shlex.join(args)} failed: {said.strip()}")
        return result.stdout

    def rows(self, query: str) -> list[dict[str, Any]]:
        """Return the rows of a query, without showing it."""
        return json.loads(self.quietly("sql", query, "--json"))


def typed(args: Sequence[str]) -> str:
    """Return a command as a person would type it, over several lines where it is long.

    >>> print(typed(["sql", "select 'a'"]))
    $ agp sql "select 'a'"
    """
    words = [f'"{a}"' if "'" in a and '"' not in a else shlex.quote(a) for a in args]
    return "\n    ".join(textwrap.wrap(f"$ agp {' '.join(words)}", 74, break_long_words=False))


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


def ingest(guide: Guide) -> None:
    """From files to the warehouse."""
    guide.step(
        "Bring the history in",
        "Fourteen months of one developer's sessions with a coding agent (invented, and bundled) "
        "lie in a home of their own. Ingest keeps every byte; what cannot be read is quarantined "
        "with its place. Running it again reads only what is new.",
    )
    guide.run("ingest")


def status(guide: Guide) -> None:
    """What is in the warehouse."""
    guide.step("What is in it", "By source, with what became of every record.")
    guide.run("status")


def query(guide: Guide) -> None:
    """Plain SQL."""
    guide.step("It is plain SQL", "The public views are described by `agp sql --tables`.")
    guide.run(
        "sql",
        "select project, count(*) as exchanges, sum(tool_calls) as tool_calls, "
        "max(asked_at)::date as last from v_exchanges where author = 'person' "
        "group by project order by exchanges desc",
    )


def audit(guide: Guide) -> None:
    """What each rule drops."""
    guide.step(
        "What is left out, and why",
        "Rules are data (TOML, with their own examples). The audit says what each does alone and "
        "together; the numbers add up to the exchanges dropped.",
    )
    guide.run("filters", "audit", "--samples", "0")


def explain(guide: Guide) -> None:
    """Why one exchange is out."""
    dropped = guide.rows(
        "select exchange_id from v_decisions where lane = 'sft' and action = 'drop' "
        "and message_id is null order by rule_id, exchange_id limit 1"
    )
    guide.step("Why is this one out?", "Every rule's word on a single exchange, with evidence.")
    guide.run("filters", "explain", dropped[0]["exchange_id"])


def secrets(guide: Guide) -> None:
    """Before and after redaction."""
    guide.step(
        "Secrets never leave",
        "The history holds planted (fake) credentials. They are found wherever they stand, and "
        "replaced in everything that is exported: the same secret, the same placeholder.",
    )
    guide.run("secrets", "scan", lines=16)
    shown = guide.rows(
        "select prompt from v_exchanges where regexp_matches(prompt, 'DB_PASSWORD|Bearer ') "
        "order by exchange_id limit 2"
    )
    text = "\n".join(row["prompt"] for row in shown)
    console().print("\nBefore:", style="bold")
    console().print(text, markup=False)
    console().print("After:", style="bold", end="")
    guide.run("secrets", "redact", stdin=text)


def build(guide: Guide) -> None:
    """The dataset."""
    guide.step(
        "A dataset to train on",
        "Chat rows for mlx-lm and Parquet, in five splits that never share a session; the build "
        "is refused if any detector still finds a secret in what was written.",
    )
    guide.run("lanes", "build", "sft")


def row(guide: Guide) -> None:
    """One row of it, and where it comes from."""
    found = guide.rows("select build_id from v_lane_rows where split = 'train' limit 1")
    guide.step("One row, and what it was made of", "Answers that earn loss are marked.")
    guide.run("lanes", "show", found[0]["build_id"], "train:0", last=10)


def lineage(guide: Guide) -> None:
    """From an exchange to its bytes."""
    found = guide.rows(
        "select exchange_id from v_exchanges where author = 'person' and sightings = 1 "
        "and messages = 2 order by exchange_id limit 1"
    )
    guide.step("Back to the byte", "Any id leads to the file, the offset and the hash, and back.")
    guide.run("lineage", found[0]["exchange_id"])
    guide.run("warehouse", "verify")


# The command a step is about, and the step.
STEPS: list[tuple[str, Callable[[Guide], None]]] = [
    ("ingest", ingest),
    ("status", status),
    ("sql", query),
    ("filters audit", audit),
    ("filters explain", explain),
    ("secrets scan", secrets),
    ("lanes build", build),
    ("lanes show", row),
    ("lineage", lineage),
]

NEXT = """What to try next:
  agp ingest                      your own history, on this machine only
  agp sql --examples              questions worth asking
  agp filters try "EXPRESSION"    what a rule not yet written would do
  agp lanes build sft             a dataset of your own
  agp --help                      everything else
"""


def walk(home: Path, kept: bool) -> None:
    """Go through all steps, then say how long it took and what to try next."""
    from agp.cli import COMMANDS

    guide = Guide(home)
    for command, step in STEPS:
        if command in COMMANDS:
            step(guide)
    out = console()
    out.print()
    out.rule(align="left")
    out.print(f"{guide.number} steps in {time.monotonic() - guide.began:.0f} seconds.\n")
    out.print(NEXT, markup=False)
    if kept:
        command = f"HOME={home} AGP_HOME={home}/.agp agp status"
        out.print(
            f"This home is kept; look around with:\n  {command}", markup=False, soft_wrap=True
        )
