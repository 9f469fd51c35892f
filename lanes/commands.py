"""`agp lanes list | show | audit`: which builds there are, a row with its way back, what a build
holds."""

from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import click
import orjson

from warehouse.console import console, counted, print_entries, print_json, print_table
from warehouse.errors import AgpError

SHOWN = 2000  # characters of a message
OVERLAPS = 20  # exchanges of a build that repeat one of another split; --json has all
NONE = "no dataset is built yet; `agp lanes build all` builds some"


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_builds(as_json: bool) -> None:
    """List every build, the newest last.

    \b
    agp lanes list
    """
    from lanes.read import builds

    found = builds()
    if as_json:
        print_json(found)
        return
    entries = (
        (
            build["build_id"],
            [build["lane"], counted(build["rows"], "row"), f"{build['built_at']:%Y-%m-%d %H:%M}"],
            build["path"] if build["there"] else f"no longer in {build['path']}",
        )
        for build in found
    )
    print_entries(entries, empty=NONE)


@click.command()
@click.argument("build")
@click.argument("row")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(build: str, row: str, as_json: bool) -> None:
    """Show a row of a build and the records it was made of.

    BUILD is a build's id or folder, ROW a split and a number.

    \b
    agp lanes show BUILD train:0
    """
    from lanes.read import captured, find, origin, row_of

    folder, build_id = find(build)
    split, number = parsed_row(row)
    data = row_of(folder, split, number)
    origins, shards = origin(build_id, split, number), captured(folder, data)
    if as_json:
        print_json({"row": data, "origin": origins, "captured": shards})
        return
    if "loss" in data:
        print_chat(data)
    else:
        print_fields(data)
    print_origins(origins)
    for shard in shards:
        last = shard["first_row"] + shard["rows"] - 1
        click.echo(f"\nprompt {shard['prompt_id']}: rows {shard['first_row']} to {last} of")
        click.echo(f"{shard['path']}\nsha-256 {shard['sha256']}")


def print_chat(data: dict[str, Any]) -> None:
    """Print a row of messages with its loss mask."""
    for message, earns in zip(data["messages"], data["loss"], strict=True):
        out = console()
        out.rule(f"{message['role']}{' (earns loss)' if earns else ''}", align="left")
        text = message["content"] or ""
        calls = "\n".join(str(call["function"]) for call in message.get("tool_calls") or ())
        out.print("\n".join(t for t in (text[:SHOWN], calls[:SHOWN]) if t), markup=False)


def print_fields(data: dict[str, Any]) -> None:
    """Print a row of another form, a field a line or a paragraph."""
    for name, value in data.items():
        shown = value if isinstance(value, str) else orjson.dumps(value).decode()
        between = "\n" if "\n" in shown else " "
        console().print(f"{name}:{between}{shown[:SHOWN]}", markup=False)


def print_origins(origins: list[dict[str, Any]]) -> None:
    """Print the records a row was made of, exchange by exchange and file by file."""
    keys = ("role", "record", "byte_offset", "message_id")
    for name, lines in groupby(origins, key=itemgetter("turn", "exchange_id", "weight", "path")):
        turn, exchange, weight, path = name
        click.echo(f"\nturn {turn}: exchange {exchange}, weight {weight:g}, made of\n{path}")
        rows = [[line[key] for key in keys] for line in lines]
        print_table(("role", "record", "byte", "message"), rows)


def parsed_row(text: str) -> tuple[str, int]:
    """Return split and number of a row's name.

    >>> parsed_row("train:12")
    ('train', 12)
    """
    split, _, number = text.partition(":")
    if not number.isdigit():
        raise AgpError(f"{text} names no row; write a split and a number, such as train:0")
    return split, int(number)


@click.command()
@click.argument("build")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def audit(build: str, as_json: bool) -> None:
    """Say what a build really holds: loss, lengths, cuts and repeats, by split.

    Counts come from the files, not from the manifest, whose hashes are checked.

    \b
    agp lanes audit BUILD
    """
    from lanes.audit import audit as audit_build
    from lanes.read import find

    folder, _ = find(build)
    found = audit_build(Path(folder))
    if as_json:
        print_json(found)
    else:
        print_audit(found)


def print_audit(found: dict[str, Any]) -> None:
    """Print an audit as tables."""
    splits = found["splits"]
    columns = ("split", "rows", "fully masked", "supervised", "repeated", "cut tools", "cut prompt")
    keys = ("rows", "fully_masked", "supervised", "context", "cut tools", "cut prompt")
    print_table(columns, [[name, *(facts[key] for key in keys)] for name, facts in splits.items()])
    click.echo(f"supervised: {found['supervised']}")
    bins = sorted({int(top) for facts in splits.values() for top in facts["lengths"]})
    lengths = [
        [f"≤ {top:,}", *(f["lengths"].get(str(top), 0) for f in splits.values())] for top in bins
    ]
    print_table((found["audited"][0], *splits), lengths)
    if labels := sorted({label for facts in splits.values() for label in facts["balance"]}):
        rows = [[name, *(f["balance"].get(name) for f in splits.values())] for name in labels]
        print_table((found["audited"][1], *splits), rows)
    for line in found["missing"]:
        click.echo(f"too little: {line}")
    if found["left_out"]:
        print_table(("left out because", "exchanges"), found["left_out"].items())
    if repeats := found["contamination"]["exchanges"]:
        named = [
            [f"{x['exchange_id']} ({x['split']}:{x['row']})" for x in (r["unit"], r["other"])]
            for r in repeats[:OVERLAPS]
        ]
        rows = [[*names, r["kind"]] for names, r in zip(named, repeats, strict=False)]
        print_table(("exchange", "repeats", "how"), rows)
    click.echo(found["verdict"])
