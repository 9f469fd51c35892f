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
@click.option("--out", type=click.Path(path_type=Path), required=True, help="The folder to write.")
@click.option("--name", default="history", show_default=True, help="What reports call it.")
@click.option("--most", default=400, show_default=True, help="Prompts a split, at the most.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def build(data: Path, out: Path, name: str, most: int, as_json: bool) -> None:
    """Make a prompt pack from the rows of a dataset that stage 1 never sees.

    Prompts are spread over kind of answer, length and script. The same dataset gives the same pack.

    \b
    agp packs build --data BUILD --out my-pack
    """
    from train.harness.pack_build import build_pack
    from warehouse.console import print_json, print_table

    counts = build_pack(data, out, name, most)
    if as_json:
        return print_json({"pack": str(out), "prompts": counts})
    print_table(["split", "prompts"], list(counts.items()))
    click.echo(f"pack: {out}")


@click.command("show")
@click.argument("path", type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def show(path: Path, as_json: bool) -> None:
    """Say what a pack holds.

    \b
    agp packs show my-pack
    """
    from train.harness.packs import load_pack
    from warehouse.console import print_json, print_table

    pack = load_pack(path)
    counts = Counter((p.split, p.kind, p.script) for p in pack.prompts)
    checks = Counter((p.split, p.kind, p.script) for p in pack.prompts if p.checks)
    rows = [(*key, n, checks[key]) for key, n in sorted(counts.items())]
    names = ["split", "kind", "script", "prompts", "with checks"]
    if as_json:
        facts = {"name": pack.name, "digest": pack.digest, "general_texts": len(pack.general)}
        return print_json(facts | {"prompts": [dict(zip(names, row, strict=True)) for row in rows]})
    title = f"{pack.name}: {len(pack.prompts)} prompts, {len(pack.general)} general texts"
    print_table(names, rows, title=title)
