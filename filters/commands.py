"""`agp filters list | columns | test | run`: the rules in force, and what they decide."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import counted, print_entries, print_json, print_table

if TYPE_CHECKING:
    from duckdb import DuckDBPyConnection

rules_option = click.option(
    "--rules",
    "folder",
    type=click.Path(path_type=Path),
    help="Take the rules of this folder alone.  [default: the bundled ones, yours over them]",
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@rules_option
@json_option
def list_rules(folder: Path | None, as_json: bool) -> None:
    """Show the rules in force, in order, with what each does and why.

    Your own rules stand in $AGP_HOME/rules/*.toml: a new id is a rule more, a known id overrides
    that rule, and a known id with `enabled = false` switches it off.

    \b
    Examples:
      agp filters list
      agp filters list --rules ./my-rules --json
    """
    from filters.compile import rule_set

    rules = rule_set(folder)
    if as_json:
        print_json(
            [
                c.rule.model_dump() | {"file": str(c.path), "expression": c.expression.text}
                for c in rules.rules
            ]
        )
        return
    click.echo(f"rule set {rules.id}")
    print_entries(
        (c.rule.id, [action_text(c.rule), f"{c.rule.on}s in {', '.join(c.rule.lanes)}"], c.rule.why)
        for c in rules.rules
    )


def action_text(rule: object) -> str:
    """Return a rule's action in a word or two."""
    from filters.rule import Rule

    assert isinstance(rule, Rule)
    words = [rule.action]
    if rule.weight is not None:
        words.append(f"×{rule.weight:g}")
    if rule.span is not None:
        words.append("span")
    if rule.priority:
        words.append(f"priority {rule.priority}")
    return " ".join(words)


@click.command()
@json_option
def list_columns(as_json: bool) -> None:
    """Show the columns and functions that a rule's `where` may use.

    \b
    Examples:
      agp filters columns
      agp filters columns --json
    """
    from warehouse.expressions.language import FUNCTIONS, OPERATOR_WORDS
    from warehouse.features import columns

    rows = [
        [on, c.name, c.type, c.meaning]
        for on in ("exchange", "message")
        for c in columns(on).values()
    ]
    functions = [[f.form, f.meaning] for f in FUNCTIONS.values()]
    if as_json:
        names = ("on", "name", "type", "meaning")
        print_json(
            {
                "columns": [dict(zip(names, row, strict=True)) for row in rows],
                "functions": [
                    dict(zip(("form", "meaning"), row, strict=True)) for row in functions
                ],
                "operators": OPERATOR_WORDS,
            }
        )
        return
    for on in ("exchange", "message"):
        of = [[name, kind.lower(), meaning] for about, name, kind, meaning in rows if about == on]
        print_table(["column", "type", "meaning"], of, title=f"columns of {on}s")
        click.echo()
    print_table(["function", "meaning"], functions)
    click.echo()
    click.echo(f"operators: {OPERATOR_WORDS}")


@click.command()
@rules_option
@json_option
def check_rules(folder: Path | None, as_json: bool) -> None:
    """Run every rule's own examples: `hit` must hit, `miss` must miss.

    \b
    Examples:
      agp filters test
      agp filters test --rules ./my-rules
    """
    from filters.compile import rule_set
    from filters.selftest import run_tests
    from warehouse.errors import AgpError

    results = run_tests(rule_set(folder))
    failed = [r for r in results if not r.passed]
    if as_json:
        print_json([vars(r) | {"passed": r.passed} for r in results])
    else:
        for r in failed:
            word = "hit" if r.wanted else "miss"
            click.echo(f"{r.rule_id}: example {r.number} under `{word}` does not {word}")
        click.echo(f"{len(results) - len(failed)} of {len(results)} examples passed")
    if failed:
        raise AgpError(f"{counted(len(failed), 'example')} failed")


@click.command()
@rules_option
@json_option
def run_rules(folder: Path | None, as_json: bool) -> None:
    """Bring decisions up to date: only exchanges that are new or changed are evaluated.

    Building a dataset does this by itself; the numbers here are what it would keep.

    \b
    Examples:
      agp filters run
      agp filters run --json
    """
    from filters.audit import exchange_audit, groups, message_audit
    from filters.compile import rule_set
    from filters.notes import NOTHING
    from filters.rule import LANES
    from filters.run import update
    from warehouse.interrupt import write

    rules = rule_set(folder)

    def work(con: "DuckDBPyConnection") -> tuple[int, list[list[Any]]]:
        evaluated, lanes = update(con, rules), []
        exchanges, messages = (groups(con, rules, on) for on in ("exchange", "message"))
        for lane in LANES:
            found = exchange_audit(exchanges, rules.exchange, lane)
            strips = message_audit(messages, rules.message, lane).dropped
            kept = found.total - found.dropped
            lanes.append([lane, found.total, kept, found.dropped, strips])
        return evaluated, lanes

    evaluated, lanes = write(work)
    if not as_json and not lanes[0][1]:
        click.echo(NOTHING)
        return
    names = ["lane", "exchanges", "kept", "dropped", "messages stripped"]
    if as_json:
        rows = [dict(zip(names, row, strict=True)) for row in lanes]
        print_json({"rule_set": rules.id, "evaluated": evaluated, "lanes": rows})
        return
    print_table(names, lanes, title=f"rule set {rules.id}: {evaluated:,} exchanges evaluated")
    for lane, exchanges, kept, *_ in lanes:
        if exchanges and not kept:
            click.echo(f"note: every exchange is dropped in {lane}; `agp filters audit` says why")
