"""`agp secrets scan | kinds | redact`: what would leak, what is looked for, a text without it."""

import sys

import click

from warehouse.console import counted, print_entries, print_json, print_table

json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON.")
kind_option = click.option(
    "--kind", "kinds", multiple=True, help="Only this kind; may be given several times."
)


@click.command()
@kind_option
@click.option("--places", is_flag=True, help="Show where they stand too.")
@click.option(
    "--limit", type=click.IntRange(0), default=20, show_default=True, help="Places to show; 0: all."
)
@json_option
def scan_warehouse(kinds: tuple[str, ...], places: bool, limit: int, as_json: bool) -> None:
    """Show which kinds of secrets stand in the history, how often, and what to rotate.

    Reads every message, tool input and output, memory, title and file name that is new or that
    older detectors read, and keeps what it finds in the warehouse (v_findings). A secret itself is
    never shown: a place is a message or tool call with how many stand in it, and between which
    characters. --json has every finding by itself.

    \b
    Examples:
      agp secrets scan
      agp secrets scan --kind aws_key --kind password --places --limit 0
      agp secrets scan --json
    """
    from rich.console import Console
    from rich.progress import Progress

    from filters.secrets.history import survey, update
    from warehouse.interrupt import read

    with Progress(console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("scanning", total=None)
        update(lambda done: bar.advance(task, done))
    found = read(lambda con: survey(con, frozenset(kinds) or None))
    if as_json:
        print_json(found.as_dict())
        return
    columns = ["kind", "findings", "different", "sessions", "advice"]
    none = f"nothing of {', '.join(kinds)} is here; the names are those of `agp secrets kinds`"
    print_table(
        columns,
        [list(row.values()) for row in found.rows()],
        title="Secrets by kind",
        empty=f"{none}, or of betterleaks' rules with _ for -" if kinds else "none",
    )
    if places and (rows := found.by_place()):
        shown = rows[: limit or None]
        print_table([*rows[0]], [list(row.values()) for row in shown], title="Places")
        if more := len(rows) - len(shown):
            click.echo(f"… and {counted(more, 'more place')}; --limit 0 shows them")


@click.command()
@json_option
def list_kinds(as_json: bool) -> None:
    """Show the detectors: each one's placeholder, whether it is on, and what it finds.

    Kinds of personal data are switched in $AGP_HOME/secrets.toml: [personal], host = true.

    Credentials of some 280 providers come from the betterleaks library beside these; their kind is
    the name of its rule, as in [GITHUB_PAT_1].

    \b
    Examples:
      agp secrets kinds
      agp secrets kinds --json
    """
    from filters.secrets.choices import home_off
    from filters.secrets.detectors import all_detectors
    from filters.secrets.kinds import advice

    off = home_off()
    rows = [
        {
            "detector": d.id,
            "kind": d.kind,
            "personal": d.personal,
            "on": d.kind not in off,
            "version": d.version,
            "finds": d.why,
            "advice": advice(d.kind),
        }
        for d in all_detectors()
    ]
    if as_json:
        print_json(rows)
        return
    print_entries(
        (r["detector"], [f"[{r['kind'].upper()}_1]", None if r["on"] else "off"], r["finds"])
        for r in rows
    )


@click.command()
@kind_option
@json_option
def redact(kinds: tuple[str, ...], as_json: bool) -> None:
    """Copy standard input to standard output with a placeholder for every secret.

    Handy before a log is shared. What was replaced is counted on standard error. Words of your own
    stand in $AGP_HOME/secrets.toml (literals), or one a line in literals.txt beside it.

    \b
    Examples:
      agp secrets redact < build.log > shared.log
      agp secrets redact --kind email --kind user < notes.md
      agp secrets redact --json < build.log
    """
    from filters.secrets import home_redactor

    redactor = home_redactor(frozenset(kinds) or None)
    data = sys.stdin.buffer.read()
    text = redactor.text(data.decode("utf-8", "surrogateescape"))
    if as_json:
        print_json({"text": text.encode("utf-8", "replace").decode(), "replaced": redactor.counts})
        return
    sys.stdout.flush()
    sys.stdout.buffer.write(text.encode("utf-8", "surrogateescape"))
    sys.stdout.buffer.flush()
    counts = ", ".join(f"{n} {kind}" for kind, n in sorted(redactor.counts.items()))
    click.echo(f"replaced: {counts or 'nothing'}", err=True)
