"""`agp filters audit | explain`: what the rules do to the history, and to one exchange."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

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
SHOWN_PAIRS = 15


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


def print_scores(judged: "list[Score]") -> None:
    """Print how right the judged rules are, each share with its 95 % interval."""
    rows = [
        [
            s.rule_id,
            f"{s.hit.texts}+{s.other.texts}",
            interval(s.precision),
            "" if s.false_hits is None else "{} [{}, {}]".format(*s.false_hits),
            interval(s.recall),
        ]
        for s in judged
    ]
    if rows:
        title = "by your own verdicts, of hits and others (agp filters review)"
        print_table(["rule", "judged", "precision", "wrong hits", "recall"], rows, title=title)
        click.echo()


def interval(found: tuple[float, float, float] | None) -> str:
    """Return a share with its interval.

    >>> interval((0.5, 0.25, 0.75)), interval(None)
    ('0.50 [0.25, 0.75]', '')
    """
    return "" if found is None else "{:.2f} [{:.2f}, {:.2f}]".format(*found)


def plain(audit: "Audit") -> dict[str, Any]:
    """Return an audit as JSON can hold it."""
    pairs = [{"rules": pair, "n": n} for pair, n in sorted(audit.overlap.items())]
    return vars(audit) | {"effects": [vars(e) for e in audit.effects], "overlap": pairs}


def print_effects(audit: "Audit", title: str) -> None:
    """Print a line for each rule, and the sum of what drops in order."""
    acting = {"drop", "strip", "keep"}
    rows = [
        [
            *(e.rule_id, e.action, e.hits, e.acts, e.exclusive, e.marginal),
            e.without if e.action in acting else None,
        ]
        for e in audit.effects
    ]
    total = sum(e.marginal for e in audit.effects if e.action in ("drop", "strip"))
    kept = audit.total - audit.dropped
    rows.append(["all that drop or strip", "", None, None, None, total, kept])
    names = ["rule", "action", "hits", "acts", "only it", "in order", "without it"]
    print_table(names, rows, title=title)
    click.echo()


def print_overlap(audit: "Audit") -> None:
    """Print the pairs of rules that most often hit the same."""
    if not audit.overlap:
        return
    pairs = sorted(audit.overlap.items(), key=lambda item: (-item[1], item[0]))
    rows = [[a, b, n] for (a, b), n in pairs[:SHOWN_PAIRS]]
    more = len(pairs) - len(rows)
    title = "hit by two rules" + (f" (and {more} more pairs: --json)" if more else "")
    print_table(["rule", "and", "both"], rows, title=title)
    click.echo()


def print_breakdown(audit: "Audit", by: str) -> None:
    """Print each rule's acts by source, month or project."""
    total: Mapping[str, int] = getattr(audit, f"dropped_by_{by}")
    names = sorted(total)

    def cells(counts: Mapping[str, int]) -> list[int | None]:
        return [counts.get(name) or None for name in names]

    rows = [
        [e.rule_id, *cells(getattr(e, f"by_{by}"))]
        for e in audit.effects
        if e.action in ("drop", "strip") and e.acts
    ]
    if names:
        print_table(["rule", *names], [*rows, ["dropped or stripped", *cells(total)]])
        click.echo()


def print_samples(found: "list[Sample]") -> None:
    """Print excerpts, rule by rule."""
    if found:
        rows = [[s.rule_id, s.exchange_id, s.excerpt] for s in found]
        print_table(["rule", "exchange", "begins"], rows, title="samples, secrets replaced")


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
