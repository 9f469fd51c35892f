"""`agp labels oracle`: route and vitality labels of a capture, under thresholds of one's own."""

from collections import Counter
from typing import Any

import click

from warehouse.console import print_json, print_table


@click.command()
@click.argument("capture")
@click.option(
    "--set",
    "changes",
    multiple=True,
    metavar="NAME=VALUE",
    help="Change one threshold; repeatable.",
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def label_capture(capture: str, changes: tuple[str, ...], as_json: bool) -> None:
    """Label every captured state: where an exit is acceptable, and which states are fit to go on.

    No model runs. Other thresholds make another version of the labels beside this one; the
    thresholds and what they mean stand in labelers/oracle/oracle.toml.

    \b
    Examples:
      agp labels oracle c4f1
      agp labels oracle c4f1 --set kl=0.1
    """
    from labelers import oracle
    from warehouse.store import open_writer

    chosen = oracle.thresholds(changes)
    with open_writer() as con:
        capture_id = oracle.find(con, capture)
        version = oracle.label(con, capture_id, chosen)
        found = {
            "label_version": version,
            "capture_id": capture_id,
            "lens": oracle.lens_of(con, capture_id, chosen.lens),
            "thresholds": chosen.model_dump(),
            "splits": oracle.records(con, "spans", capture_id, version),
            "classes": oracle.records(con, "counts", capture_id, version),
        }
    if as_json:
        print_json(found)
    else:
        show(found)


def show(found: dict[str, Any]) -> None:
    """Print the labels by layer and class."""
    from labelers.oracle import ROUTES, VITALITIES

    real = [row for row in found["classes"] if row["planted"] is None]
    for name, classes in (("route", ROUTES), ("vitality", VITALITIES)):
        counts: dict[int, Counter[str]] = {}
        for row in real:
            counts.setdefault(row["layer"], Counter())[row[name]] += row["n"]
        rows = [(layer, *(count[c] for c in classes)) for layer, count in counts.items()]
        print_table(("layer", *classes), rows, title=f"{name} of real states")
    columns = ("split", "prompts", "positions", "mean_earliest", "mean_first", "flips")
    print_table(columns, [[row[key] for key in columns] for row in found["splits"]])
    planted = sum(row["n"] for row in found["classes"]) - sum(row["n"] for row in real)
    click.echo(
        f"{found['label_version']}: labels of {found['capture_id']} by the {found['lens']} lens; "
        f"{planted:,} planted states are dead by their making"
    )
