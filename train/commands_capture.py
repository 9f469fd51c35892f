"""`agp train capture`, `agp train run 0`, `agp captures`: a model's states on a pack, and a map."""

from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import (
    console,
    counted,
    counting_bar,
    moment,
    print_entries,
    print_json,
    print_table,
)

ONE = click.IntRange(min=1)
JSON = click.option("--json", "as_json", is_flag=True, help="Print JSON.")


@click.command()
@click.option("--model", default="tiny", show_default=True, help="A folder, a hub id, or tiny.")
@click.option("--adapter", metavar="RUN", help="A run of stage 1 whose adapter is on.")
@click.option("--pack", default="shipped", show_default=True, help="A pack's name or folder.")
@click.option("--layers", help="Boundaries such as 2,4,6; the model's own candidates if not given.")
@click.option("--splits", default="heads,valid,calib", show_default=True, help="Of the pack.")
@click.option("--length", type=ONE, default=32, show_default=True, help="Tokens of a continuation.")
@click.option("--most", type=ONE, default=1000, show_default=True, help="Prompts of each split.")
@JSON
def capture(
    model: str,
    adapter: str | None,
    pack: str,
    layers: str | None,
    splits: str,
    length: int,
    most: int,
    as_json: bool,
) -> None:
    """Capture a model's states on a pack: what transfer and routing datasets are made of.

    Killed, it goes on behind the last whole shard when the same command is given again.

    \b
    Example:
      agp train capture --model tiny --layers 2,4,6
    """
    use_openblas()
    from train.harness.packs import find_pack
    from train.stages import captures
    from train.stages.runs import find_run

    wanted = captures.Wanted(
        model,
        find_pack(pack),
        find_run(adapter) if adapter else None,
        captures.numbers(layers) if layers else (),
        tuple(s.strip() for s in splits.split(",")),
        length,
        most=most,
    )
    with counting_bar("capturing") as (begin, tick):
        folder = captures.make(wanted, begin, tick)
    show(folder, as_json)


def run_stage0(model: str, pack: str, most: int, changes: tuple[str, ...], as_json: bool) -> None:
    """Capture the base model, print the map and the gate."""
    use_openblas()
    from train.commands_eval import print_gates
    from train.harness.packs import find_pack
    from train.stages import captures, stage0

    wanted = captures.chosen(captures.Wanted(model, find_pack(pack), most=most), changes)
    with counting_bar("capturing") as (begin, tick):
        run, found, document = stage0.run(wanted, begin, tick)
    if as_json:
        print_json(document)
        return
    print_map(found)
    print_gates(document)
    console().print(f"{run.name}: nothing was trained; capture {found.capture_id}")


def show(folder: Path, as_json: bool, split: str = "valid") -> None:
    """Print what a capture holds, and its map where it has prompts of the split."""
    from train.harness.capture import read_manifest
    from train.stages import stage0

    facts = read_manifest(folder)
    if as_json:
        print_json(
            {k: v for k, v in facts.items() if not k.endswith("shards")} | {"path": str(folder)}
        )
        return
    console().print(
        f"{facts['capture_id']}: {facts['prompts']:,} prompts of {', '.join(facts['splits'])}, "
        f"{facts['rows']:,} positions, layers "
        f"{', '.join(map(str, facts['layers']))} of {facts['n_layers']}; logits "
        f"{'bit for bit the' if facts['bit_equal'] else 'NOT the'} plain model's"
    )
    if split in facts["splits"]:
        print_map(stage0.report(folder, split))
    else:
        console().print(f"no map of {split}: it holds {', '.join(facts['splits'])}", markup=False)
    console().print(str(folder), soft_wrap=True)


def print_map(found: Any) -> None:
    """Print the candidate split-layer map and where an oracle would stop."""
    rows = [
        (r["lens"], r["layer"], *(f"{r[k]:.3f}" for k in ("kl", "agree", "stays", "entropy")))
        for r in found.layers
    ]
    print_table(("lens", "layer", "KL", "agree", "stays", "entropy"), rows)
    total = sum(found.exits.values())
    bars = [
        (layer, n, f"{n / total:.0%}", "█" * round(30 * n / total))
        for layer, n in found.exits.items()
    ]
    print_table(("oracle stops at", "positions", "share", ""), bars)
    oracle = found.measures[0].estimate
    console().print(
        f"An oracle on the {found.lens} lens runs {oracle.value:.0%} of the layers "
        f"[{oracle.low:.0%}, {oracle.high:.0%}], {oracle.n} prompts; "
        f"{found.flips:.0%} of positions agree once and flip away."
    )


@click.command("list")
@JSON
def list_captures(as_json: bool) -> None:
    """List the captures that are finished.

    \b
    Example:
      agp captures list
    """
    from train.harness.capture import read_manifest
    from train.stages.runs import captures_folder

    found = [read_manifest(m.parent) for m in sorted(captures_folder().glob("*/manifest.json"))]
    keys = ("capture_id", "model", "adapter_run_id", "pack", "prompts", "rows", "captured_at")
    if as_json:
        print_json([{k: f[k] for k in keys} for f in found])
    else:
        none = "no capture yet; `agp train capture` makes one"
        entries = (
            (
                f["capture_id"],
                [f["model"], f["adapter_run_id"], moment(f["captured_at"])],
                f"{counted(f['prompts'], 'prompt')} of {f['pack']}, {counted(f['rows'], 'row')}",
            )
            for f in found
        )
        print_entries(entries, empty=none)


@click.command("show")
@click.argument("capture")
@click.option("--split", default="valid", show_default=True, help="Whose prompts the map shows.")
@JSON
def show_capture(capture: str, split: str, as_json: bool) -> None:
    """Show what a capture holds and its map of layers.

    \b
    Example:
      agp captures show c4f1
    """
    from train.stages.runs import find_capture

    show(find_capture(capture), as_json, split)


@click.command("compare")
@click.argument("before")
@click.argument("after")
@click.option("--split", default="valid", show_default=True, help="Whose prompts are compared.")
@JSON
def compare_captures(before: str, after: str, split: str, as_json: bool) -> None:
    """Hold two captures of one pack side by side: what each layer says, and the states themselves.

    BEFORE and AFTER are captures, of a base model and of the same with an adapter, say. Differences
    are paired by prompt; states are compared where both stand behind the same tokens.

    \b
    Example:
      agp captures compare c4f1 c9e0
    """
    from dataclasses import asdict

    from train.stages.compare_captures import compare
    from train.stages.runs import find_capture

    found = compare(find_capture(before), find_capture(after), split)
    if as_json:
        print_json(asdict(found))
    else:
        show_comparison(found)


def show_comparison(found: Any) -> None:
    """Print what changed, a line a layer."""
    rows = [
        (
            r["lens"],
            r["layer"],
            f"{r['kl_a']:.3f}",
            f"{r['kl_b']:.3f}",
            interval(r["kl"]),
            interval(r["agree"]),
        )
        for r in found.facts
        if r["lens"] != "full"
    ]
    print_table(("lens", "layer", "KL before", "after", "change", "change of agree"), rows)
    states = [(r["layer"], interval(r["cka"]), f"{r['cosine']:.3f}") for r in found.states]
    print_table(("layer", "CKA of states", "cosine"), states)
    console().print(
        f"{found.prompts} prompts of {found.split}; the two stand behind the same tokens at "
        f"{found.shared:,} of {found.positions:,} positions"
    )


def interval(estimate: Any) -> str:
    """Return a value with its 95 % interval."""
    return f"{estimate.value:.3f} [{estimate.low:.3f}, {estimate.high:.3f}]"


@click.command("mark")
@click.argument("capture")
@click.option("--run", "run", required=True, help="A run of stage 4.")
@click.option("--anyway", is_flag=True, help="Also where the run was not shown to be of use.")
@JSON
def mark_capture(capture: str, run: str, anyway: bool, as_json: bool) -> None:
    """Let a semantic projection say how sure it is of each captured state: a sign of vitality.

    The confidence stands in `trace_layers.semantic`; `agp labels oracle` makes another version of
    the labels with it. A projection that was not shown to be of use is refused.

    \b
    Example:
      agp captures mark c4f1 --run r4-20261126
    """
    from train.stages.runs import find_capture, find_run
    from train.stages.semantic_confidence import mark

    folder, chosen = find_capture(capture), find_run(run)
    n = mark(folder, chosen, anyway)
    if as_json:
        print_json({"capture_id": folder.name, "run_id": chosen.name, "states": n})
    else:
        console().print(f"{folder.name}: {n:,} states marked by {chosen.name}")
