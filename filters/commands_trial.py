"""`agp filters try | diff`: a rule before it is written, and two rule sets side by side."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from filters.commands import json_option, rules_option
from filters.commands_audit import lane_option
from warehouse.console import print_json, print_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from filters.decide import Outcome

SHOWN = 20


@click.command()
@click.argument("expression")
@click.option(
    "--on",
    type=click.Choice(["exchange", "message"]),
    default="exchange",
    show_default=True,
    help="What the expression speaks of.",
)
@lane_option
@rules_option
@click.option(
    "--samples",
    "each",
    type=click.IntRange(0),
    default=5,
    show_default=True,
    help="Samples to show.",
)
@json_option
def try_rule(
    expression: str, on: str, lane: str, folder: Path | None, each: int, as_json: bool
) -> None:
    """Show what a rule with this EXPRESSION would hit, and how much of it is kept today.

    `agp filters columns` names the columns and functions an expression may use.

    \b
    Examples:
      agp filters try "prompt_words < 3"
      agp filters try --on message "contains(text, '<system-reminder>')"
    """
    from filters.compile import rule_set
    from filters.notes import NOTHING
    from filters.run import update
    from filters.trial import Trial, attempt, one_rule
    from warehouse.interrupt import write

    rules, trial_rule = rule_set(folder), one_rule(expression, on)

    def work(con: "DuckDBPyConnection") -> Trial:
        update(con, rules)
        return attempt(con, rules, trial_rule, on, lane, each)

    trial = write(work)
    if as_json:
        print_json({"rule_set": rules.id, "lane": lane} | asdict(trial))
        return
    if not trial.total and on == "exchange":
        click.echo(NOTHING)
        return
    click.echo(trial.expression)
    click.echo(
        f"hits {trial.hits:,} of {trial.total:,} {on}s; {trial.kept_hits:,} of them are ", nl=False
    )
    click.echo(
        f"kept in {lane} today" if on == "exchange" else f"in exchanges kept in {lane} today"
    )
    if trial.samples:
        print_table([on, "begins"], trial.samples, title="samples, secrets replaced")


@click.command()
@click.argument("before")
@click.argument("after")
@lane_option
@json_option
def diff_rules(before: str, after: str, lane: str, as_json: bool) -> None:
    """Compare two rule sets exchange by exchange: BEFORE and AFTER.

    Each is a folder of rule files, or `bundled` (the rules that come with agp), or `mine` (those
    with your own over them).

    \b
    Examples:
      agp filters diff bundled mine
      agp filters diff ./rules-1 ./rules-2 --lane semantic --json
    """
    from filters.compile import named_set
    from filters.difference import difference
    from warehouse.interrupt import write

    sets = named_set(before), named_set(after)
    rows = write(lambda con: difference(con, *sets, lane))
    if as_json:
        plain = [row.plain() for row in rows]
        print_json({"before": sets[0].id, "after": sets[1].id, "lane": lane, "exchanges": plain})
        return
    gone = sum(r.before.keep and not r.after.keep for r in rows)
    back = sum(r.after.keep and not r.before.keep for r in rows)
    click.echo(f"{lane}: {gone:,} dropped anew, {back:,} kept anew, ", nl=False)
    click.echo(f"{len(rows) - gone - back:,} weigh differently")
    table = [[r.exchange_id, state(r.before), state(r.after)] for r in rows[:SHOWN]]
    if table:
        more = f"the first {SHOWN} (all: --json)" if len(rows) > SHOWN else None
        print_table(["exchange", before, after], table, title=more)


def state(outcome: "Outcome") -> str:
    """Return what becomes of an exchange, in a word or two."""
    if outcome.keep:
        return "kept" if outcome.weight == 1 else f"kept ×{outcome.weight:g}"
    return "dropped by " + ", ".join(outcome.dropped_by)
