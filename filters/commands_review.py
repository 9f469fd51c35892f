"""`agp filters new | review`: a rule's beginning, and a person's word on what it hits."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from filters.commands import rules_option
from warehouse.asking import ANSWERS, answer
from warehouse.console import counted
from warehouse.printable import printable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from filters.review import Question


@click.command()
@click.argument("name", metavar="ID")
@click.option(
    "--on",
    type=click.Choice(["exchange", "message"]),
    default="exchange",
    show_default=True,
    help="What the rule speaks of.",
)
@click.option("--where", help="Its expression, as tried with `agp filters try`.")
def new_rule(name: str, on: str, where: str | None) -> None:
    """Write a commented rule called ID into your own folder, to be edited.

    A rule on exchanges begins as a flag, which leaves nothing out.

    \b
    Examples:
      agp filters new short-prompt
      agp filters new port-question --where "contains(lower(prompt), ' port ')"
    """
    from filters.template import begin

    click.echo(f"written: {begin(name, on, where)}")
    click.echo("edit it, then: agp filters test, agp filters audit")


@click.command()
@click.argument("rule")
@click.option(
    "--most", type=click.IntRange(1), default=20, show_default=True, help="How many to judge."
)
@rules_option
def review_rule(rule: str, most: int, folder: Path | None) -> None:
    """Judge what RULE ought to hit, one after the other; `agp filters audit` counts by it.

    Half of what is shown it hits, half it does not; which is which is not said. Answer y (it ought
    to hit this), n, s (skip) or q (stop); answers can be piped in, a line each.

    \b
    Examples:
      agp filters review notice-task
      printf 'y\\nn\\ns\\n' | agp filters review heartbeat --most 3
    """
    from filters.compile import rule_set
    from filters.review import keep, known_rule, questions
    from filters.run import update
    from filters.samples import excerpts
    from warehouse.interrupt import write

    rules = rule_set(folder)
    known_rule(rules, rule)
    about = next(c.rule for c in rules.rules if c.rule.id == rule)

    def ask(con: "DuckDBPyConnection") -> "list[Question]":
        update(con, rules)
        return questions(con, rules, rule, most)

    asked, kept = write(ask), 0
    click.echo(printable(f"{rule}: {about.why}\n"))
    for number, question in enumerate(asked, 1):
        [shown] = excerpts([question.text], width=600)
        click.echo(f"  {shown}")
        said = answer(f"{number} of {len(asked)}: ought {rule} to hit this? [y/n/s/q] ")
        if said == "q":
            break
        if said in ANSWERS:
            write(lambda con, q=question, holds=ANSWERS[said]: keep(con, rule, q, holds))
            kept += 1
    click.echo(f"{counted(kept, 'verdict')} kept" if asked else "nothing is left to judge")
