"""`agp eval`: an adapter against its base on held-out prompts, and what its gates say."""

from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, counting_bar, print_json, print_table


@click.command("eval")
@click.argument("run")
@click.option("--pack", default="shipped", show_default=True, help="A pack's folder or name.")
@click.option("--split", type=click.Choice(["test", "valid"]), default="test", show_default=True)
@click.option("--gates", type=click.Path(path_type=Path), help="Gates of your own, as TOML.")
@click.option("--random-subset", metavar="RUN", help="Its run, as a baseline in the table.")
@click.option("--answers", default=40, show_default=True, help="Prompts answered, at the most.")
@click.option("--max-tokens", default=64, show_default=True, help="Of an answer.")
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
    show: int,
    as_json: bool,
    **options: Any,
) -> None:
    """Measure a run's adapter against its base, always through the chat template.

    The gates are hashed, and the look at the test split is counted, before a prompt is read. A gate
    that fails is a result: the command says so and ends well.

    \b
    Example:
      agp eval s1-20261125-0510 --pack my-pack
    """
    use_openblas()
    from train.eval.gates import SHIPPED
    from train.harness.packs import find_pack
    from train.stages import evaluate as evaluation
    from train.stages.runs import find_run

    subset = find_run(random_subset) if random_subset else None
    chosen = evaluation.Options(find_pack(pack), split, gates or SHIPPED, subset, **options)
    with counting_bar("evaluating") as (begin, tick):
        document = evaluation.evaluate(find_run(run), chosen, begin, tick)
    if as_json:
        print_json(document)
        return
    print_measures(document)
    print_gates(document)
    for line in words(document):
        console().print(line, markup=False)
    for answer in document["answers"][:show]:
        print_answer(answer)


NAMES = {
    "cross_entropy.untuned": "untuned base",
    "cross_entropy.tuned": "with the adapter",
    "cross_entropy.n-gram": "3-grams of the training rows",
    "cross_entropy.subset": "adapter of a random subset",
    "cross_entropy.control": "scrambled adapter (control)",
    "cross_entropy": "adapter − base",
    "cross_entropy.minus.n-gram": "adapter − 3-grams",
    "cross_entropy.minus.subset": "adapter − random subset",
    "control": "adapter − scrambled",
    "control.minus.untuned": "scrambled − base",
    "general_text": "general text, relative change",
}


def print_measures(document: dict[str, Any]) -> None:
    """Print the table of measures, then in one line how far the layers moved."""
    rows = [
        (NAMES.get(m["name"], m["name"]), *(signed(m, k) for k in ("value", "low", "high")), m["n"])
        for m in document["measures"]
        if not m["name"].startswith("cka.")
    ]
    title = f"{document['run_id']} on {document['pack']}, {document['tokens']:,} answer tokens"
    columns = (f"{document['split']}: nats a token", "value", "low", "high", "n")
    print_table(columns, rows, title=title)
    moved = [m["value"] for m in document["measures"] if m["name"].startswith("cka.")]
    if moved:
        least = min(range(len(moved)), key=lambda i: moved[i])
        click.echo(
            f"Layers: CKA to the base {moved[-1]:.3f} at the end, least {moved[least]:.3f} "
            f"before layer {least}."
        )


def signed(measure: dict[str, Any], key: str) -> str:
    """Return a value as the table prints it; differences carry their sign."""
    is_level = measure["name"].startswith("cross_entropy.") and "minus" not in measure["name"]
    return f"{measure[key]:.3f}" if is_level else f"{measure[key]:+.3f}"


def print_gates(document: dict[str, Any]) -> None:
    """Print the gates with their verdicts."""
    rows = [
        (g["name"], g["rule"], interval(g), g["n"], g["verdict"].replace("_", " "))
        for g in document["gates"]
    ]
    print_table(("gate", "passes with its", "measured", "n", "verdict"), rows)


def interval(gate: dict[str, Any]) -> str:
    """Return a gate's value with its interval."""
    if gate["value"] is None:
        return "not measured"
    return f"{gate['value']:+.3f} [{gate['low']:+.3f}, {gate['high']:+.3f}]"


def words(document: dict[str, Any]) -> list[str]:
    """Return the result in sentences: what was won, what was lost, what cannot be told."""
    by_name = {g["name"]: g for g in document["gates"]}
    said = []
    if (gate := by_name.get("cross_entropy")) and gate["value"] is not None:
        beaten = {
            "passed": "The adapter beats its base",
            "failed": "The adapter does not beat its base",
            "too_few": "Too few prompts to tell whether the adapter beats its base",
        }[gate["verdict"]]
        said.append(f"{beaten}: {interval(gate)} nats a token, {gate['n']} prompts.")
    if "subset" in (spent := document["trained_tokens"]):
        said.append(
            f"Supervised tokens trained: {spent['tuned']:,}; random subset {spent['subset']:,}."
        )
    failed = [g["name"] for g in document["gates"] if g["verdict"] == "failed"]
    unsure = [g["name"] for g in document["gates"] if g["verdict"] == "too_few"]
    if failed:
        said.append(f"Failed: {', '.join(failed)}.")
    scrambled = next(
        (m for m in document["measures"] if m["name"] == "control.minus.untuned"), None
    )
    if scrambled and scrambled["high"] < 0:
        said.append(
            f"The same numbers in random places help this base too ({interval(scrambled)}): "
            "the gate that counts is `control`."
        )
    if unsure:
        said.append(f"Too few to tell: {', '.join(unsure)}.")
    if opened := document["openings"]:
        said.append(
            f"The test split was opened {opened['of_run']} × for this run, "
            f"{opened['of_pack']} × in all."
        )
        if opened["under_other_gates"]:
            said.append("It had been opened for this run under other gates before.")
    return said


def print_answer(answer: dict[str, Any]) -> None:
    """Print one prompt with both answers."""
    out = console()
    for name in ("asked", "untuned", "tuned", "reference"):
        out.rule(name, align="left")
        out.print(answer[name].strip() or "(nothing)", markup=False)
