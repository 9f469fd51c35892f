"""`agp labels audit`: the functions, their agreement, and the labels on gold."""

from typing import Any

import click

from labelers.commands import json_option, say_problems
from warehouse.console import console, print_json, print_table

SHOWN_PAIRS = 10
WIDE = 86  # columns of a terminal from which on every column has room


@click.command()
@json_option
def audit_functions(as_json: bool) -> None:
    """Show what each function does, alone and beside the others, and how right the labels are.

    polarity: which way it votes. coverage: the share of exchanges it votes on. overlap: of its
    votes, how many another function also casts on that label; conflict: how many one contradicts.
    right on gold: of its votes on judged exchanges, with a 95 % interval. kappa: agreement beyond
    chance, 0 to 1; correlated functions count as one voice. AP: average precision on gold, with
    the words of the functions and with these words taken out of the history; at best: that of a
    regression on the measures between turns, fitted on gold and judged on other session families.

    \b
    Examples:
      agp labels audit
      agp labels audit --json
    """
    from labelers.audit import audit
    from labelers.load import load
    from labelers.run import update
    from warehouse.store import open_writer

    with open_writer() as con:
        done = update(con)
        found = audit(con, load().labelers, done.chosen)
    say_problems(done.problems)
    if as_json:
        print_json({"exchanges": done.exchanges} | found)
        return
    if not done.exchanges:
        click.echo("the warehouse holds no exchange yet; `agp ingest` brings history in")
        return
    print_functions(found["functions"], done.exchanges)
    print_pairs(found["agreement"])
    print_labels(found["labels"])
    print_model(found["model"])


def print_functions(rows: list[dict[str, Any]], exchanges: int) -> None:
    """Print a line a function, without those that never voted."""
    names = ["function", "votes", "polarity", "cover", "overlap", "conflict", "right on gold"]
    body = [
        [
            f["labeler"],
            f["votes"],
            f["polarity"],
            share(f["coverage"]),
            share(f["overlap"]),
            share(f["conflict"]),
            f"{f['correct']}/{f['gold']} ({f['low']:.2f}–{f['high']:.2f})" if f["gold"] else None,
        ]
        for f in rows
        if f["votes"]
    ]
    silent = len(rows) - len(body)
    also = f"; {silent} functions never voted" if silent else ""
    if console().width < WIDE:  # `votes` says the same beside the number of exchanges
        at = names.index("cover")
        names, body = [*names[:at], *names[at + 1 :]], [[*row[:at], *row[at + 1 :]] for row in body]
    print_table(names, body, title=f"{exchanges:,} exchanges{also}")
    click.echo()


def share(value: float | None) -> str | None:
    """Return a share as people read it."""
    return None if value is None else f"{value:.0%}"


def print_pairs(rows: list[dict[str, Any]]) -> None:
    """Print the functions that agree or disagree most beyond chance."""
    if not rows:
        return
    more = len(rows) - SHOWN_PAIRS
    title = "agreement beyond chance" + (f" (and {more} more pairs: --json)" if more > 0 else "")
    body = [
        [r["one"], r["other"], r["both"], share(r["agreement"]), round(r["kappa"], 2),
         "one voice" if r["correlated"] else None]
        for r in rows[:SHOWN_PAIRS]
    ]  # fmt: skip
    print_table(["function", "and", "both", "agree", "kappa", ""], body, title=title)
    click.echo()


def print_labels(rows: list[dict[str, Any]]) -> None:
    """Print how the labels do on gold."""
    if not rows:
        click.echo("nothing is judged yet: agp labels review LABEL")
        return
    names = ["label", "holds", "voted", "AP", "masked", "at best", "chance", "verdict"]
    body = [
        [r["label"], r["holds"], f"{r['voted']}/{r['judged']}", *(decimals(r[n]) for n in
         ("average_precision", "masked", "ceiling", "chance")), r["verdict"]]
        for r in rows
    ]  # fmt: skip
    print_table(names, body, title="labels on gold")
    read_twice = [r["between_passes"] for r in rows if r["between_passes"] is not None]
    if read_twice:
        low, high = min(read_twice), max(read_twice)
        click.echo(f"the development set was read twice: kappa {low:.2f} to {high:.2f}")
    click.echo()


def decimals(value: float | None) -> str | None:
    """Return a number with two decimals."""
    return None if value is None else f"{value:.2f}"


def print_model(model: dict[str, Any]) -> None:
    """Say which label model is used, and why."""
    errors = ", ".join(f"{name} {value:.4f}" for name, value in model["brier"].items())
    slope, offset = model["calibration"]["slope"], model["calibration"]["offset"]
    click.echo(
        f"in use: {model['model']} (Brier score on {model['gold']:,} judged votes of the "
        f"{model['fitted_on']}, cross-fitted by session family: {errors}; "
        f"calibrated by slope {slope:.2f}, offset {offset:.2f})"
    )
