"""`agp promote` and `agp promotions`: a decision over a run, with its evidence."""

from typing import Any

import click

from warehouse.console import console, moment, print_entries, print_json, print_table

JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("run", metavar="RUN|BUNDLE")
@JSON
def promote(run: str, as_json: bool) -> None:
    """Decide over a run: promote, hold or reject, by the gates fixed before its test was read.

    A bundle, named by its folder, is decided over as a whole: by the gates of every run that
    brought a part, and by its own measurement beside stage 1 alone. Weights, numbers, gates,
    dataset, captures and base model are checked to be what they were when they were made; the
    record goes to the warehouse and, as Markdown, to $AGP_HOME/promotions. To hold or to reject is
    a result too: the command ends well.

    \b
    Example:
      agp promote s1-20261125-0510
      agp promote my-bundle
    """
    from pathlib import Path

    from train.stages.runs import find_run, must_be

    must_be(run)
    from train.stages.kept_bundles import is_bundle
    from train.stages.promotion import promote as decide

    record = decide(Path(run).absolute() if is_bundle(run) else find_run(run))
    if as_json:
        print_json(record)
        return
    show(record)
    word = "decided" if record["new"] else "was decided before on the same evidence"
    console().print(f"{word}: {record['path']}/record.md", soft_wrap=True)


def show(record: dict[str, Any]) -> None:
    """Print a record as people read it."""
    from train.eval.gates import interval

    columns = ("gate", "passes with its", "measured", "n", "verdict")
    evaluated = list(dict.fromkeys((g["run_id"], g["pack"]) for g in record["gates"]))
    for of in evaluated:
        rows = [
            (g["name"], g["rule"], interval(g), g["n"], g["verdict"].replace("_", " "))
            for g in record["gates"]
            if (g["run_id"], g["pack"]) == of
        ]
        print_table(columns, rows, title=" on ".join(of))
    for line in record["limitations"]:
        console().print(f"limitation: {line}", markup=False)
    console().print(
        f"{record['decision'].upper()} {record['run_id']} (stage {record['stage']}): "
        f"{record['reason']}",
        markup=False,
    )


@click.command("list")
@JSON
def list_promotions(as_json: bool) -> None:
    """List every decision, the newest first.

    \b
    Example:
      agp promotions list
    """
    from train.stages.decisions import all_promotions

    keys = ("promotion_id", "run_id", "stage", "decision", "decided_at", "reason")
    found = [{k: record[k] for k in keys} for record in all_promotions()]
    if as_json:
        print_json(found)
    else:
        none = "nothing was decided yet; `agp promote RUN` decides on a run"
        entries = (
            (
                record["promotion_id"],
                [record["decision"], record["run_id"], moment(record["decided_at"])],
                record["reason"],
            )
            for record in found
        )
        print_entries(entries, empty=none)


@click.command("show")
@click.argument("promotion")
@JSON
def show_promotion(promotion: str, as_json: bool) -> None:
    """Show a decision: its gates, its limitations, how it is reproduced.

    \b
    Example:
      agp promotions show p3f09
    """
    from train.stages.decisions import find_promotion

    record = find_promotion(promotion)
    if as_json:
        print_json(record)
        return
    show(record)
    for line in record["reproduce"]:
        console().print(f"reproduce: {line}", markup=False, soft_wrap=True)
