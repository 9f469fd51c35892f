"""`agp runs compare`: two runs side by side."""

import click

from warehouse.console import print_json, print_table


@click.command("compare")
@click.argument("first")
@click.argument("second")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def compare_runs(first: str, second: str, as_json: bool) -> None:
    """Show settings that differ, how both ended, and what both were measured on.

    The difference second − first is paired by prompt where both were evaluated on the same ones.

    \b
    Example:
      agp runs compare s3-20261126-1630 s3-20261126-1642
    """
    from train.stages.compare import compare
    from train.stages.runs import find_run

    found = compare(find_run(first), find_run(second))
    if as_json:
        print_json(found)
        return
    names = found["runs"]
    print_table(("told differently", *names), found["facts"])
    print_table(("ended", *names), found["ended"])
    for both in found["evaluations"]:
        title = f"{both['split']} split of {both['pack']}"
        rows = [[name, *(f"{v:.3f}" for v in values)] for name, *values in both["measures"]]
        print_table(("measure", *names), rows, title=title)
        if p := both["paired"]:
            click.echo(
                f"Second − first, {p['of']} in nats a token, paired by prompt: "
                f"{p['value']:+.3f} [{p['low']:+.3f}, {p['high']:+.3f}], {p['n']} prompts."
            )
    if not found["evaluations"]:
        click.echo("They were not evaluated on one pack and split (`agp eval RUN`).")
