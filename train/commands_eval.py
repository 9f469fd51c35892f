"""`agp eval`: an adapter against its base on held-out prompts, and what its gates say."""

from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, counting_bar, print_json, print_table


@click.command("eval")
@click.argument("run", metavar="RUN|BUNDLE")
@click.option("--pack", default="shipped", show_default=True, help="A pack's folder or name.")
@click.option(
    "--split",
    type=click.Choice(["test", "valid"]),
    default="test",
    show_default=True,
    help="Of the pack.",
)
@click.option("--gates", type=click.Path(path_type=Path), help="Gates of your own, as TOML.")
@click.option("--capture", metavar="ID", help="Of the same model, with the split (stages 2, 4).")
@click.option("--untuned", metavar="ID", help="A capture of the untuned base: a control (stage 2).")
@click.option("--random-subset", metavar="RUN", help="Its run, as a baseline in the table.")
@click.option("--answers", default=40, show_default=True, help="Prompts answered, at the most.")
@click.option("--max-tokens", default=64, show_default=True, help="Of an answer.")
@click.option(
    "--length",
    type=click.IntRange(min=1),
    default=64,
    show_default=True,
    help="Tokens of a continuation (stages 3, 5).",
)
@click.option("--most", default=1000, show_default=True, help="Prompts measured, at the most.")
@click.option("--run-code", is_flag=True, help="Run Python that the models wrote.")
@click.option("--show", default=0, show_default=True, help="Answers shown, before and after.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def evaluate(
    run: str,
    pack: str,
    split: str,
    gates: Path | None,
    random_subset: str | None,
    capture: str | None,
    untuned: str | None,
    show: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure what a run trained against its base, or a bundle against its stage 1 alone.

    The gates are hashed, and the look at the test split is counted, before a prompt is read. A gate
    that fails is a result: the command says so and ends well.

    \b
    Example:
      agp eval s1-20261125-0510 --pack my-pack
      agp eval my-bundle
    """
    from train.stages.runs import find_capture, find_run, must_be

    must_be(run)
    use_openblas()
    from train.harness.packs import find_pack
    from train.stages import evaluations
    from train.stages.evaluate_whole import measure

    subset = find_run(random_subset) if random_subset else None
    options["capture"] = find_capture(capture) if capture else None
    options["untuned"] = find_capture(untuned) if untuned else None
    chosen = evaluations.Options(find_pack(pack), split, gates, subset, **options)
    with counting_bar("evaluating") as (begin, tick):
        document = measure(run, chosen, begin, tick)
    if as_json:
        print_json(document)
        return
    print_document(document)
    for answer in document.get("answers", [])[:show]:
        print_answer(answer)


def print_document(document: dict[str, Any]) -> None:
    """Print an evaluation: its tables, or a row a measure, then the gates and the words."""
    for table in document.get("tables", []):
        print_table(table["columns"], table["rows"], title=table["title"])
    if "tables" not in document:
        print_measures(document)
    print_gates(document)
    for line in document["words"]:
        console().print(line, markup=False)


def print_measures(document: dict[str, Any]) -> None:
    """Print the table of measures."""
    rows = [
        (
            document["names"].get(m["name"], m["name"]),
            *(signed(m, k) for k in ("value", "low", "high")),
            m["n"],
        )
        for m in document["measures"]
        if not m["name"].startswith("cka.")
    ]
    print_table((document["split"], "value", "low", "high", "n"), rows, title=document["title"])


def signed(measure: dict[str, Any], key: str) -> str:
    """Return a value as the table prints it; differences carry their sign."""
    is_level = measure["name"].startswith("cross_entropy.") and "minus" not in measure["name"]
    return f"{measure[key]:.3f}" if is_level else f"{measure[key]:+.3f}"


def print_gates(document: dict[str, Any]) -> None:
    """Print the gates with their verdicts."""
    from train.eval.gates import interval

    rows = [
        (g["name"], g["rule"], interval(g), g["n"], g["verdict"].replace("_", " "))
        for g in document["gates"]
    ]
    print_table(("gate", "passes with its", "measured", "n", "verdict"), rows)


def print_answer(answer: dict[str, Any]) -> None:
    """Print one prompt with both answers."""
    out = console()
    for name in ("asked", "untuned", "tuned", "reference"):
        out.rule(name, align="left")
        out.print(answer[name].strip() or "(nothing)", markup=False)
