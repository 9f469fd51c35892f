"""`agp labels explain | review`: labels beside the words they are about, their secrets replaced."""

import click

from warehouse.asking import ANSWERS, answer
from warehouse.console import counted, print_json, print_table

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.argument("exchange")
@json_option
def explain_labels(exchange: str, as_json: bool) -> None:
    """Show every vote on EXCHANGE (its id, or the beginning of one), and what came of them.

    \b
    Examples:
      agp labels explain x3f2a
      agp labels explain x3f2a --json
    """
    from filters.samples import excerpts
    from labelers.explain import explain
    from labelers.run import update
    from warehouse.ids import find_exchange
    from warehouse.store import open_writer

    with open_writer() as con:
        name = find_exchange(con, exchange)
        update(con)
        found = explain(con, name)
    found["prompt"], found["previous"] = excerpts([found["prompt"], found["previous"]])
    if as_json:
        print_json(found)
        return
    click.echo(f"{found['exchange_id']}: {found['prompt']}")
    if found["previous"]:
        click.echo(f"after: {found['previous']}")
    rows = [[r["label"], r["probability"], r["source"]] for r in found["labels"]]
    print_table(["label", "probability", "source"], rows, empty="it has no label")
    votes = [
        [v["labeler"], v["label"], v["holds"], v["confidence"], v["why"]] for v in found["votes"]
    ]
    print_table(
        ["function", "label", "holds", "confidence", "why"], votes, empty="every function abstained"
    )


@click.command()
@click.argument("label")
@click.option("--most", default=20, show_default=True, help="How many exchanges to judge.")
def review_labels(label: str, most: int) -> None:
    """Judge exchanges for LABEL, one after the other; your verdicts are kept as gold.

    Answer y (it holds), n (it does not), s (skip) or q (stop); they can be piped in, a line each.

    \b
    Examples:
      agp labels review return
      printf 'y\\nn\\ns\\n' | agp labels review return --most 3
    """
    from filters.samples import excerpts
    from labelers.concept import concepts
    from labelers.review import keep, known_label, questions
    from labelers.run import update
    from warehouse.store import open_writer

    known_label(label)
    with open_writer() as con:
        update(con)
        asked = questions(con, label, most)
    concept, kept = concepts()[label], 0
    click.echo(f"{concept.name}: {concept.definition}\n")
    for number, question in enumerate(asked, 1):
        shown = excerpts([question.previous, question.prompt, question.answer], width=400)
        for name, text in zip(("before", "prompt", "answer"), shown, strict=True):
            click.echo(f"  {name}: {text}" if text else "", nl=bool(text))
        said = answer(f"{number} of {len(asked)}: does {label} hold? [y/n/s/q] ")
        if said == "q":
            break
        if said in ANSWERS:
            with open_writer() as con:
                keep(con, question.exchange_id, label, ANSWERS[said])
            kept += 1
    with open_writer() as con:
        update(con)
    click.echo(f"{counted(kept, 'verdict')} kept" if asked else "nothing is left to judge")
