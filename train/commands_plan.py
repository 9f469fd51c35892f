"""`agp train plan`: will a run fit, and how long will it take."""

from pathlib import Path
from typing import Any

import click

from train.blas import use_openblas
from warehouse.console import console, print_json, print_table
from warehouse.errors import AgpError

MEANINGS = {
    "weights": "layers and norms, as they are stored or widened",
    "embedding": "of tokens; also the head where they are tied",
    "per-layer embedding": "the table of per-layer inputs",
    "adapters": "{adapters:,} numbers on {blocks} of {layers} blocks",
    "gradients": "of the adapters; twice where steps accumulate",
    "optimizer": "two moments for each number of the adapters",
    "activations": "{length:,} positions below the shared tail, {supervised:,} in it, ×{rows}",
    "attention scores": "kept for the backward pass",
    "shared keys and values": "and their gradients, read by the tail",
    "logits": "of at most {head:,} supervised positions at a time",
}


@click.command("plan")
@click.argument("stage", type=click.IntRange(0, 6))
@click.option(
    "--model", default="tiny", show_default=True, help="A folder with config.json, a hub id, tiny."
)
@click.option(
    "--data", type=click.Path(path_type=Path), help="A build: its folder or id (stages 1 and 4)."
)
@click.option("--capture", metavar="ID", help="A capture (2, 3, 5); the newest one if not given.")
@click.option("--on", "parents", multiple=True, metavar="RUN", help="A run that is built upon.")
@click.option("--pack", default="shipped", show_default=True, help="A pack (stage 0).")
@click.option("--blocks", help="spread, all, last:N, or a list such as 0,3,7 (stage 1).")
@click.option("--set", "changes", multiple=True, help="A setting of the stage, name=value.")
@click.option("--mac", type=click.FloatRange(min=1), help="Plan for a Mac with so many GB instead.")
@click.option("--probe", "probing", is_flag=True, help="Train a few steps here, and measure.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def plan_stage(
    stage: int,
    model: str,
    data: Path | None,
    capture: str | None,
    parents: tuple[str, ...],
    pack: str,
    blocks: str | None,
    changes: tuple[str, ...],
    mac: float | None,
    probing: bool,
    as_json: bool,
) -> None:
    """Say what a run takes, from the model's config.json alone; no weight is loaded.

    And what it builds upon: found here, or missing, with the one command that makes it. With
    --probe a process of its own loads the model and trains a few steps. Exit status 1 says that the
    stage cannot begin: something that it builds upon is missing.

    \b
    Examples:
      agp train plan 1 --model gemma-4-e2b-it-4bit --mac 16
      agp train plan 1 --data BUILD --probe
      agp train plan 2
    """
    if probing and (mac is not None or (stage == 1 and data is None)):
        raise AgpError("a probe trains on this machine: give --data BUILD, and no --mac")
    use_openblas()
    from train.hosts import machine, plan, probe
    from train.stages.runs import find_capture, find_run
    from train.stages.stage import Request
    from train.stages.stage1 import chosen_settings
    from warehouse.builds import build_folder

    data = build_folder(data) if data else None
    host = machine.mac(mac) if mac is not None else machine.this_machine()
    if stage != 1:
        folders = (find_capture(capture),) if capture else ()
        given = Request(model, data, folders, tuple(map(find_run, parents)), changes)
        return later(stage, given, host, pack, probing, as_json)
    every = [*changes, *([f"blocks={blocks}"] if blocks else [])]
    found = plan.make(model, data, chosen_settings(every), host)
    facts = plan.document(found)
    if probing and data is not None:
        facts["probe"] = probe.probe(Request(model, data, changes=tuple(every)))
    if as_json:
        print_json(facts)
    else:
        show(facts, found.settings.head_positions)


def later(stage: int, given: Any, host: Any, pack: str, probing: bool, as_json: bool) -> None:
    """Plan stage 0, or one of 2 to 6."""
    from train.hosts import needs, plan_stage, probe

    found = needs.needs(stage, given.model, given)
    request = needs.request_with(stage, given, found)
    facts = plan_stage.make(stage, request, found, host, pack)
    if probing and not facts["missing"]:
        facts["probe"] = probe.probe(request, stage, pack)
    if as_json:
        print_json(facts)
    else:
        for need in found:
            console().print(need.line(), soft_wrap=True, markup=False)
        show_later(facts)
    if facts["missing"]:
        raise SystemExit(1)


def show_later(facts: dict[str, Any]) -> None:
    """Print the plan of stage 0, or of one of 2 to 6, or why it cannot begin."""
    say = console()
    if facts["missing"]:
        say.print("cannot begin: " + ", ".join(m["what"] for m in facts["missing"]) + " missing")
        return
    rows = [(name, megabytes(value)) for name, value in facts["bytes"].items()]
    rows.append(("sum", megabytes(facts["total_bytes"])))
    print_table(("part", "MB"), rows, title=f"stage {facts['stage']} of {facts['model']}")
    say.print(f"trains {facts['trainable']:,} numbers: {facts['trains']}", soft_wrap=True)
    counts = ", ".join(f"{n:,} {split}" for split, n in facts["rows"].items())
    steps = f"; {facts['steps']:,} steps" if facts["steps"] is not None else ""
    say.print(f"rows: {counts}{steps}", soft_wrap=True)
    used = f"{megabytes(facts['total_bytes']):,} of {megabytes(facts['usable_bytes']):,} MB"
    say.print(f"{'fits' if facts['fits'] else 'does not fit'}: {used} that a run may take")
    if "probe" in facts:
        say.print(measured(facts["probe"], facts["total_bytes"]), soft_wrap=True)


def show(facts: dict[str, Any], head: int) -> None:
    """Print a plan: parts, sum, verdict, and what a probe measured."""
    values = {**facts["batch"], "head": head, "adapters": facts["adapter_parameters"]}
    values |= {"blocks": len(facts["blocks"]), "layers": facts["layers"]}
    rows = [(k, megabytes(v), MEANINGS[k].format(**values)) for k, v in facts["bytes"].items()]
    rows.append(("sum", megabytes(facts["total_bytes"]), f"on {facts['machine']}"))
    say = console()
    say.print(f"{facts['model']}: {facts['parameters']:,} parameters", soft_wrap=True)
    print_table(("part", "MB", "what it is"), rows)
    say.print(f"data: {data_line(facts)}", soft_wrap=True)
    say.print(verdict(facts), soft_wrap=True)
    if "probe" in facts:
        say.print(measured(facts["probe"], facts["total_bytes"]), soft_wrap=True)


def megabytes(count: float) -> float:
    """Return bytes as MB, with a digit after the point below a hundred."""
    return round(count / 1e6, 1) if count < 1e8 else round(count / 1e6)


def data_line(facts: dict[str, Any]) -> str:
    """Return what the dataset holds in one line."""
    rows = facts["rows"]
    if not rows:
        return f"{facts['counted']}; --data BUILD counts"
    return (
        f"{rows['rows']:,} rows, {rows['tokens']:,} tokens, {rows['supervised']:,} supervised, "
        f"{facts['steps']:,} steps ({facts['counted']})"
    )


def verdict(facts: dict[str, Any]) -> str:
    """Return whether it fits, and what to change where it does not."""
    sum_of = f"{megabytes(facts['total_bytes']):,} of {megabytes(facts['usable_bytes']):,} MB"
    if facts["fits"]:
        return f"fits: {sum_of} that a run may take"
    if facts["changes"] is None:
        return f"does not fit: {sum_of}, whatever is set; take a smaller or more quantised model"
    return f"does not fit: {sum_of}; it does with " + " ".join(
        f"--set {change}" for change in facts["changes"]
    )


def measured(probe: dict[str, Any], estimate: int) -> str:
    """Return what a probe found in one line."""
    peak = f"peak {megabytes(probe['peak_bytes']):,} MB (estimated {megabytes(estimate):,})"
    unit = probe.get("unit", "tokens")
    minutes = (
        f"{probe['seconds'] / 60:,.1f} minutes for {probe['steps']:,} {probe.get('of', 'steps')}"
    )
    return f"measured: {probe['tokens_per_second']:,} {unit}/s, {peak}, about {minutes}"
