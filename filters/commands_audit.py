"""`agp filters audit | explain`: what the rules do to the history, and to one exchange."""

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from filters.audit_shown import (
    print_breakdown,
    print_effects,
    print_overlap,
    print_samples,
    print_scores,
)
from filters.commands import json_option, rules_option
from warehouse.console import print_json, print_table
from warehouse.printable import printable

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

    from filters.audit import Audit
    from filters.compile import RuleSet
    from filters.review import Score
    from filters.samples import Sample

lane_option = click.option(
    "--lane",
    type=click.Choice(["sft", "routing", "semantic"]),
    default="sft",
    show_default=True,
    help="The dataset whose rules to look at.",
)


@click.command()
@lane_option
@rules_option
@click.option(
    "--samples",
    "each",
    type=click.IntRange(0),
    default=1,
    show_default=True,
    help="Samples of each rule.",
)
@click.option(
    "--by", type=click.Choice(["source", "month", "project"]), help="Break each rule's hits down."
)
@json_option
def audit_rules(lane: str, folder: Path | None, each: int, by: str | None, as_json: bool) -> None:
    """Show what each rule does, alone and together; the numbers add up to what is dropped.

    hits: where the rule is true. acts: hits that no keep of a higher priority beats. only it: acts
    where no other rule does the same. in order: acts where no rule above it does; these add up to
    the exchanges dropped. without it: what the lane would keep if this rule alone did nothing.
    Rules that hit nothing are named below the table.

    \b
    Examples:
      agp filters audit
      agp filters audit --lane routing --samples 3
      agp filters audit --by month --json
    """
    from filters.compile import rule_set
    from warehouse.interrupt import write

    rules = rule_set(folder)
    exchanges, messages, found, judged, said = write(lambda con: audited(con, rules, lane, each))
    if as_json:
        report = {"rule_set": rules.id, "exchanges": plain(exchanges), "messages": plain(messages)}
        judgements = [s.plain() for s in judged]
        report |= {"samples": [asdict(s) for s in found], "judged": judgements, "notes": said}
        print_json(report)
        return
    if not exchanges.total:
        click.echo(said[0])
        return
    kept = exchanges.total - exchanges.dropped
    print_effects(
        exchanges,
        f"{lane}: {exchanges.total:,} exchanges, {exchanges.dropped:,} dropped, {kept:,} kept",
    )
    print_effects(messages, f"{lane}: {messages.dropped:,} messages stripped, whole or in part")
    for audit in (exchanges, messages):
        print_overlap(audit)
        if by:
            print_breakdown(audit, by)
    print_scores(judged)
    print_samples(found)
    for line in said:
        click.echo(f"note: {line}")


def audited(
    con: "DuckDBPyConnection", rules: "RuleSet", lane: str, each: int
) -> tuple["Audit", "Audit", "list[Sample]", "list[Score]", list[str]]:
    """Bring decisions up to date; return what rules on exchanges and on messages do in a lane,
    samples, how right the judged ones are, and what else is to be said."""
    from filters.audit import exchange_audit, groups, message_audit
    from filters.notes import notes
    from filters.review import scores
    from filters.run import update
    from filters.samples import samples

    update(con, rules)
    exchanges = exchange_audit(groups(con, rules, "exchange"), rules.exchange, lane)
    return (
        exchanges,
        message_audit(groups(con, rules, "message"), rules.message, lane),
        samples(con, rules, lane, each),
        scores(con, rules),
        notes(con, rules, exchanges),
    )


def plain(audit: "Audit") -> dict[str, Any]:
    """Return an audit as JSON can hold it."""
    pairs = [{"rules": pair, "n": n} for pair, n in sorted(audit.overlap.items())]
    return vars(audit) | {"effects": [vars(e) for e in audit.effects], "overlap": pairs}


@click.command()
@click.argument("exchange")
@rules_option
@json_option
def explain_exchange(exchange: str, folder: Path | None, as_json: bool) -> None:
    """Show what becomes of EXCHANGE (its id, or the beginning of one), and by which rules.

    \b
    Examples:
      agp filters explain x3f2a
      agp filters explain x3f2a --json
    """
    from filters.compile import rule_set
    from filters.explain import explain
    from filters.run import update
    from warehouse.ids import find_exchange
    from warehouse.interrupt import write

    rules = rule_set(folder)

    def work(con: "DuckDBPyConnection") -> dict[str, Any]:
        name = find_exchange(con, exchange)
        update(con, rules)
        return explain(con, rules, name)

    found = write(work)
    if as_json:
        print_json({"rule_set": rules.id} | found)
        return
    click.echo(f"{found['exchange_id']}: {found['prompt']}")
    rows = [
        [v["lane"], v["keep"], v["weight"], " ".join(v["dropped_by"]), " ".join(v["flags"])]
        for v in found["lanes"]
    ]
    print_table(["lane", "kept", "weight", "dropped by", "flags"], rows)
    for rule in found["rules"]:
        of = f" of message {rule['message_id']}" if rule["message_id"] else ""
        click.echo(f"\n{rule['rule']}: {rule['action']}{of} in {', '.join(rule['lanes'])}")
        click.echo(printable(f"  {rule['why']}\n  {rule['evidence']}"))
