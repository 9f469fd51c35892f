"""`agp lanes contamination`: does a build train on what it, a pack or another build holds out?"""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from warehouse.console import counted, print_json, print_table
from warehouse.errors import AgpError

if TYPE_CHECKING:
    from lanes.contamination import Overlap, Unit

WIDTH = 60  # characters of an excerpt
PACK = "pack "  # before a pack's name, where it stands beside builds


@click.command()
@click.argument("build")
@click.option("--pack", "packs", multiple=True, help="A pack's name or folder.  [default: all]")
@click.option("--against", "others", multiple=True, help="Another build, by id or folder.")
@click.option("--limit", default=20, show_default=True, help="Overlaps to list; 0: all.")
@click.option("--json", "as_json", is_flag=True, help="Print every overlap as JSON.")
def contamination(
    build: str, packs: tuple[str, ...], others: tuple[str, ...], limit: int, as_json: bool
) -> None:
    """Look for rows of BUILD that repeat what is held out: exactly, but for case and marks, nearly.

    Compared are its splits with each other and with those of other builds, prompt and answer
    together; and its prompts with those of prompt packs. A row counts where the other one stands
    further on the held-out side (train, heads, valid, calib, test). Any overlap is an error.

    \b
    agp lanes contamination BUILD
    agp lanes contamination BUILD --pack shipped --against EARLIER --json
    """
    from lanes.contamination import overlaps, told

    found: list[Overlap] = []
    compared = {}
    for name, units, against in comparisons(build, packs, others):
        compared[name] = compared.get(name, 0) + len(against or units)
        found += overlaps(units, against)
    if as_json:
        print_json({"compared": compared} | told(found))
    else:
        show(found, compared, limit)
    if found:
        raise AgpError(f"{counted(len(found), 'overlap')}: {advice(found)}")


def advice(found: "Sequence[Overlap]") -> str:
    """Return what to do about overlaps: with splits of builds, and with packs."""
    of_packs = sum(overlap.other.where.startswith(PACK) for overlap in found)
    said = []
    if of_packs < len(found):
        said.append("build the lane again, which leaves such rows out")
    if of_packs:
        said.append(
            f"{of_packs:,} with packs, whose prompts are compared without their answers: make the "
            "pack from rows that no build trains on, or mind what it measures on these"
        )
    return "; ".join(said)


def comparisons(
    build: str, packs: Sequence[str], others: Sequence[str]
) -> "Iterator[tuple[str, list[Unit], list[Unit] | None]]":
    """Yield what is compared: a name, units, and those that they may repeat (None: each other)."""
    from lanes.contamination import units
    from lanes.read import find
    from train.harness.packs import find_pack, known_packs, load_pack

    folder, name = find(build)
    own = units(folder, name)
    yield "its own splits", own, None
    for other in others:
        where, other_name = find(other)
        theirs = units(where, other_name)
        yield other_name, own, theirs
        yield other_name, theirs, own
    prompts = [replace(unit, document=unit.document[:1]) for unit in own]
    for path in [find_pack(pack) for pack in packs] or known_packs().values():
        pack = load_pack(path)
        yield f"{PACK}{pack.name}", prompts, pack_units(pack)


def pack_units(pack: Any) -> "list[Unit]":
    """Return the prompts of a pack: the last thing that was asked in each."""
    from lanes.contamination import Unit

    found = []
    for number, prompt in enumerate(pack.prompts):
        asked = [message.content for message in prompt.messages if message.role == "user"]
        where = f"{PACK}{pack.name}"
        found.append(Unit(where, prompt.split, number, prompt.exchange, (asked[-1],)))
    return found


def show(found: "Sequence[Overlap]", compared: dict[str, int], limit: int) -> None:
    """Print overlaps as people read them, without secrets."""
    from filters.samples import excerpts

    rows = [[name, texts] for name, texts in compared.items()]
    print_table(("compared with", "texts"), rows)
    if not found:
        click.echo("no row repeats anything that stands further on the held-out side")
        return
    shown = found[: limit or None]
    texts = excerpts([overlap.unit.document[0] for overlap in shown], WIDTH)
    cells = [
        [place(o.unit), place(o.other), o.kind, round(o.similarity, 2), text]
        for o, text in zip(shown, texts, strict=True)
    ]
    title = counted(len(found), "overlap") + (f", {len(shown)} of them" * (len(shown) < len(found)))
    print_table(("row", "repeats", "how", "similarity", "begins"), cells, title=title)


def place(unit: "Unit") -> str:
    """Return where a unit stands."""
    return f"{unit.where} {unit.split}:{unit.row}"
