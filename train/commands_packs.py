"""`agp packs`: make prompt packs from held-out rows, and look at them."""

from collections import Counter
from pathlib import Path

import click


@click.command("build")
@click.option(
    "--data",
    type=click.Path(path_type=Path, exists=True, file_okay=False),
    required=True,
    help="An SFT dataset.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    help="The folder to write; else the pack is kept in AGP's home under its name.",
)
@click.option("--name", default="history", show_default=True, help="What reports call it.")
@click.option("--most", default=400, show_default=True, help="Prompts a split, at the most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def build(data: Path, out: Path | None, name: str, most: int, as_json: bool) -> None:
    """Make a prompt pack from the rows of a dataset that stage 1 never sees.

    Prompts are spread over kind of answer, length and script. The same dataset gives the same pack.

    \b
    agp packs build --data BUILD --out my-pack
    """
    from train.harness.pack_build import build_pack
    from train.harness.packs import packs_folder
    from warehouse.console import print_json, print_table

    out = out or packs_folder() / name
    counts = build_pack(data, out, name, most)
    if as_json:
        return print_json({"pack": str(out), "prompts": counts})
    print_table(["split", "prompts"], list(counts.items()))
    click.echo(f"pack: {out}")


@click.command("show")
@click.argument("pack", default="shipped")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(pack: str, as_json: bool) -> None:
    """Say what a pack holds: a folder, a name, or the one that ships.

    \b
    agp packs show
    agp packs show my-pack
    """
    from train.harness.packs import find_pack, load_pack
    from warehouse.console import print_json, print_table

    found = load_pack(find_pack(pack))
    counts = Counter((p.split, p.kind, p.script) for p in found.prompts)
    checks = Counter((p.split, p.kind, p.script) for p in found.prompts if p.checks)
    rows = [(*key, n, checks[key]) for key, n in sorted(counts.items())]
    names = ["split", "kind", "script", "prompts", "with checks"]
    if as_json:
        facts = {"name": found.name, "digest": found.digest, "general_texts": len(found.general)}
        return print_json(facts | {"prompts": [dict(zip(names, row, strict=True)) for row in rows]})
    title = f"{found.name}: {len(found.prompts)} prompts, {len(found.general)} general texts"
    print_table(names, rows, title=title)


@click.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def list_packs(as_json: bool) -> None:
    """List the packs that have a name: the shipped one and those of this home.

    \b
    agp packs list
    """
    from train.harness.packs import SPLITS, known_packs, load_pack
    from warehouse.console import print_json, print_table

    splits = SPLITS[1:]
    rows = []
    for name, path in known_packs().items():
        pack = load_pack(path)
        sizes = [len(pack.split(split)) for split in splits]
        rows.append((name, *sizes, len(pack.general), pack.digest))
    names = ("pack", *splits, "general", "digest")
    if as_json:
        return print_json([dict(zip(names, row, strict=True)) for row in rows])
    print_table(names, rows)


@click.command("build-shipped")
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--seed", default=11, show_default=True, help="Of what is drawn.")
def build_shipped(out: Path, seed: int) -> None:
    """Make the pack that ships anew, from the project's own questions and a seed.

    \b
    agp packs build-shipped --out /tmp/shipped
    """
    from train.harness.packs import load_pack
    from train.harness.shipped import build_shipped as build

    build(out, seed)
    pack = load_pack(out)
    click.echo(f"{out}: {len(pack.prompts)} prompts, {len(pack.general)} texts, {pack.digest}")
