"""`agp labels list | kernel | columns | run | audit`: the functions in force, and what they say."""

from typing import TYPE_CHECKING

import click

from warehouse.console import counted, print_entries, print_json, print_table

if TYPE_CHECKING:
    from labelers.load import Problem

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


def say_problems(problems: "tuple[Problem, ...] | list[Problem]") -> None:
    """Name the functions that are left out, a line each, on standard error."""
    for problem in problems:
        click.echo(f"agp: left out: {problem.reason}", err=True)


@click.command()
@json_option
def list_functions(as_json: bool) -> None:
    """Show the labeling functions in force: what each votes on, how, and why.

    Your own stand in $AGP_HOME/labelers (*.toml, *.py): a new id is a function more, a known id
    takes the place of that function, and a known id with `enabled = false` switches it off.

    \b
    Examples:
      agp labels list
      agp labels list --json
    """
    from labelers.load import load

    loaded = load()
    say_problems(loaded.problems)
    if as_json:
        print_json(
            [
                {
                    "id": one.id,
                    "version": one.version,
                    "labels": one.labels,
                    "kind": one.kind,
                    "reads": sorted(one.reads),
                    "why": one.why,
                    "file": str(one.path),
                    "yes": one.yes and one.yes.text,
                    "no": one.no and one.no.text,
                }
                for one in loaded.labelers
            ]
        )
        return
    print_entries(
        (one.id, [", ".join(one.labels), one.kind, one.version], one.why) for one in loaded.labelers
    )


@click.command()
@json_option
def list_concepts(as_json: bool) -> None:
    """Show the labels that functions may vote on: the kernel's primitives, and the others.

    Yours stand in $AGP_HOME/kernel/*.toml, as [[concept]] tables; a known id with `enabled = false`
    switches a concept off, unless it is required.

    \b
    Examples:
      agp labels kernel
      agp labels kernel --json
    """
    from labelers.concept import all_concepts

    found = all_concepts().values()
    if as_json:
        print_json([concept.model_dump() for concept in found])
        return
    rows = [
        [c.id, c.kind, c.sigil, c.nko, "required" if c.required else c.enabled, c.definition]
        for c in found
    ]
    print_table(["label", "kind", "sigil", "N'Ko", "on", "definition"], rows)


@click.command()
@json_option
def list_columns(as_json: bool) -> None:
    """Show the columns that a labeling function may read.

    The functions and operators of an expression are those of `agp filters columns`.

    \b
    Examples:
      agp labels columns
      agp labels columns --json
    """
    from labelers.columns import turn_columns

    rows = [[c.name, c.type, c.meaning] for c in turn_columns().values()]
    if as_json:
        print_json([dict(zip(("name", "type", "meaning"), row, strict=True)) for row in rows])
        return
    print_table(["column", "type", "meaning"], rows)


@click.command()
@json_option
def run_functions(as_json: bool) -> None:
    """Bring votes and labels up to date: each function sees what is new or changed for it.

    A function that fails is named and left out; the others go on.

    \b
    Examples:
      agp labels run
      agp labels run --json
    """
    from labelers.run import update
    from warehouse.store import open_writer

    with open_writer() as con:
        done = update(con)
        labels = con.execute(
            "select label, count(*), count(*) filter (probability >= 0.5), avg(probability) "
            "from v_labels group by label order by label"
        ).fetchall()
    say_problems(done.problems)
    if as_json:
        names = ("label", "exchanges", "likely", "mean")
        found = [dict(zip(names, row, strict=True)) for row in labels]
        print_json(vars(done) | {"problems": [vars(p) for p in done.problems], "labels": found})
        return
    click.echo(
        f"{done.exchanges:,} exchanges; {done.evaluated:,} looks of a function at one, "
        f"{done.votes:,} votes in all"
    )
    if labels:
        print_table(["label", "exchanges with a vote", "likely", "mean probability"], labels)


@click.command()
@json_option
def check_examples(as_json: bool) -> None:
    """Run every text function's own examples: `hit`, `against` and `miss`.

    \b
    Examples:
      agp labels test
      agp labels test --json
    """
    from labelers.load import load
    from labelers.selftest import run_tests
    from warehouse.errors import AgpError

    loaded = load()
    results = run_tests(loaded.labelers)
    failed = [r for r in results if not r.passed]
    say_problems(loaded.problems)
    if as_json:
        print_json([vars(r) | {"passed": r.passed} for r in results])
    else:
        for r in failed:
            click.echo(f"{r.function}: example {r.number} under `{r.under}` comes out otherwise")
        click.echo(f"{len(results) - len(failed)} of {len(results)} examples passed")
    if failed or loaded.problems:
        both = ((len(failed), "example"), (len(loaded.problems), "function"))
        raise AgpError(f"{' and '.join(counted(n, what) for n, what in both if n)} failed")


@click.command()
@click.option("--most", default=20, show_default=True, help="Bundles to show.")
@json_option
def list_bundles(most: int, as_json: bool) -> None:
    """Show the concept bundles: primitives that recur with some words, the largest first.

    Those of the kernel are named; those found in the history are named after their word. Members
    and neighbours are in v_bundle_members and v_neighbours.

    \b
    Examples:
      agp labels bundles
      agp labels bundles --most 5 --json
    """
    from labelers.run import update
    from warehouse.store import open_writer

    with open_writer() as con:
        say_problems(update(con).problems)
        found = con.sql("from v_bundles order by exchanges desc, bundle_id").pl().to_dicts()
    if as_json:
        print_json(found[:most])
        return
    rows = [
        [b["name"], b["origin"], " ".join(b["primitives"]), b["exchanges"], b["sessions"]]
        for b in found[:most]
    ]
    none = "no bundle was found; they come of words that recur (agp ingest, then again)"
    print_table(["bundle", "from", "primitives", "exchanges", "sessions"], rows, empty=none)
    click.echo(counted(len(found), "bundle"))
