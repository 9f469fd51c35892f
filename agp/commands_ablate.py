"""`agp filters ablate | ablations`: what rules are worth to a model trained on the dataset."""

from typing import Any

import click

from warehouse.console import console, counting_bar, print_json, print_table


@click.command()
@click.argument("rules", nargs=-1, required=True, metavar="RULE...")
@click.option("--model", default="tiny", show_default=True, help="A folder, a hub id, or tiny.")
@click.option("--pack", help="A pack's folder or name.  [default: held-out rows of the dataset]")
@click.option(
    "--split",
    type=click.Choice(["valid", "heads", "calib"]),
    default="valid",
    show_default=True,
    help="Of the pack; the test split is for promotions.",
)
@click.option("--most", default=200, show_default=True, help="Prompts measured, at the most.")
@click.option(
    "--seeds", type=click.IntRange(1, 20), default=3, show_default=True, help="Runs of either."
)
@click.option("--steps", type=click.IntRange(1), help="Of a run.  [default: agp/ablate.toml]")
@click.option("--set", "changes", multiple=True, help="A setting of stage 1: name=value.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def ablate_rules(rules: tuple[str, ...], as_json: bool, **options: Any) -> None:
    """Train without RULEs and with them, on as many tokens, and say what that changed.

    The sft lane is built both ways from a copy of the warehouse, stage 1 is trained on either with
    each seed, and both are measured on the same held-out prompts. Nothing of it stays but the
    numbers (`agp filters ablations`). Several rules are taken away together.

    \b
    Examples:
      agp filters ablate low-content-weight
      agp filters ablate notice-task notice-injected --seeds 5 --json
    """
    from train.blas import use_openblas

    use_openblas()
    from agp.ablate import Asked, ablate
    from agp.ablations import keep

    with counting_bar("training") as (begin, tick):
        document = keep(ablate(Asked(tuple(dict.fromkeys(rules)), **options), begin, tick))
    show(document, as_json)


@click.command()
@click.argument("name", required=False, metavar="[ID]")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_ablations(name: str | None, as_json: bool) -> None:
    """List what `agp filters ablate` found, the newest first, or show one of them.

    \b
    Examples:
      agp filters ablations
      agp filters ablations --json
    """
    from agp.ablations import NAMES, find, listed

    if name:
        show(find(name), as_json)
        return
    found = listed()
    if as_json:
        print_json(found)
        return
    rows = [cells(row) for row in found]
    print_table(NAMES, rows, empty="no ablation is kept yet; `agp filters ablate RULE` makes one")


def cells(row: dict[str, Any]) -> list[Any]:
    """Return an ablation as a table shows it."""
    return [" ".join(v) if isinstance(v, list) else v for v in row.values()]


def show(document: dict[str, Any], as_json: bool) -> None:
    """Print an ablation: what either side learned, what each seed found, and the words."""
    if as_json:
        print_json(document)
        return
    sides = ("with", "without")
    rows = [
        [f"{s} {' '.join(document['rules'])}", train_rows(document, s), document["tokens"][s]]
        for s in sides
    ]
    print_table(["side", "rows to train on", "tokens learned"], rows, title=document["ablation_id"])
    print_table(
        ["seed", "with − without", "low", "high"],
        [
            [one["seed"], *(f"{d[k]:+.4f}" for k in ("value", "low", "high"))]
            for one, d in zip(document["seeds"], document.get("by_seed", []), strict=True)
        ],
    )
    console().print(document["words"], markup=False)


def train_rows(document: dict[str, Any], side: str) -> int:
    """Return how many rows a side trains on."""
    return document["rows"][side].get("train", {}).get("rows", 0)
