"""An audit as people read it: its counts in, tables on the terminal out."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import click

from warehouse.console import console, print_entries, print_table

if TYPE_CHECKING:
    from filters.audit import Audit
    from filters.review import Score
    from filters.samples import Sample

SHOWN_PAIRS = 15
WIDE = 72  # columns of a terminal from which on a rule's action has room beside its numbers


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


def print_effects(audit: "Audit", title: str) -> None:
    """Print a line for each rule that hits, the sum of what drops in order, and the other rules."""
    acting = {"drop", "strip", "keep"}
    rows = [
        [
            *(e.rule_id, e.action, e.hits, e.acts, e.exclusive, e.marginal),
            e.without if e.action in acting else None,
        ]
        for e in audit.effects
        if e.hits
    ]
    total = sum(e.marginal for e in audit.effects if e.action in ("drop", "strip"))
    kept = audit.total - audit.dropped
    rows.append(["all that drop or strip", "", None, None, None, total, kept])
    names = ["rule", "action", "hits", "acts", "only it", "in order", "without it"]
    if console().width < WIDE:
        names, rows = [n for n in names if n != "action"], [[row[0], *row[2:]] for row in rows]
    print_table(names, rows, title=title)
    if idle := [e.rule_id for e in audit.effects if not e.hits]:
        console().print(f"without a hit: {', '.join(idle)}", markup=False)
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
        rows.append(["dropped or stripped", *cells(total)])
        if console().width < 25 + sum(len(name) + 2 for name in names):
            print_entries((rule, [], listed(names, counts)) for rule, *counts in rows)
        else:
            print_table(["rule", *names], rows)
        click.echo()


def listed(names: Sequence[str], counts: Sequence[int | None]) -> str:
    """Return counts with their names on one line, without those that are none.

    >>> listed(["2026-01", "2026-02", "2026-03"], [2, None, 11])
    '2026-01 2, 2026-03 11'
    """
    return ", ".join(f"{name} {n:,}" for name, n in zip(names, counts, strict=True) if n)


def print_samples(found: "list[Sample]") -> None:
    """Print excerpts, rule by rule."""
    if found:
        rows = [[s.rule_id, s.exchange_id, s.excerpt] for s in found]
        print_table(["rule", "exchange", "begins"], rows, title="samples, secrets replaced")
