"""`python -m agp.real.curriculum`: the stages after the adapter on the real model, and their table.

It goes on in the home that `make real` left: few prompts, few tokens, because a token costs a third
of a billion multiplications in the head alone, and every lens and every exit asks for the head.
"""

import json
import os
import time
from datetime import date
from pathlib import Path
from typing import Any

import click

from agp.demo import living_in
from agp.demo_guide import Guide
from agp.real.model import known
from agp.real.options import folder_option, results_option
from agp.real.results import place
from train.blas import use_openblas
from warehouse.console import console
from warehouse.errors import AgpError

BEGIN, END = "<!-- real walk -->", "<!-- /real walk -->"
NAMES = {0: "0, map", 1: "1, adapter", 2: "2, heads", 3: "3, depth", 5: "5, transfer"}
# What is not learned in these few steps a longer run may learn: the table says how long they were.
FEW = {
    0: ("layers=9,12,15", "window=256"),
    3: (
        "exits=9,12",
        "seeds=1",
        "learning_rate=1e-4",
        "max_steps=16",
        "positions=16",
        "valid_rows=64",
    ),
    5: (
        "layers=12,15",
        "seeds=1",
        "max_steps=6",
        "prompts=4",
        "fit_prompts=24",
        "valid_prompts=8",
        "evaluate_every=3",
    ),
}
SIZE = ("--most", "64", "--length", "4", "--answers", "4")
# The semantic projection would read every text of the history, the joint finetune run it all anew.
LEFT_OUT = ("--without", "semantic", "--without", "joint")


@click.command()
@folder_option
@results_option
def main(folder: Path, results: Path) -> None:
    """Walk through the later stages on the real model, on the adapter that `make real` trained.

    \b
    Example:
      make real-walk
    """
    os.environ.setdefault("OPENBLAS_NUM_THREADS", str(os.cpu_count()))
    use_openblas()
    home, began = (folder / "home").absolute(), time.monotonic()
    if not (home / "sft").is_dir():
        raise AgpError(f"{folder} holds no run of stage 1; `make real` makes one")
    with living_in(home):
        document = walked(Guide(home), (folder / "gemma-3-270m").absolute())
    minutes = (time.monotonic() - began) / 60
    place(results, BEGIN, END, table(document, minutes))
    console().print(f"{results}: written after {minutes:.1f} minutes")


def walked(guide: Guide, model: Path) -> dict[str, Any]:
    """Show and run the walk; return its document. Killed, the same command goes on."""
    run = guide.rows("select max(run_id) as run_id from v_runs where stage = 1")[0]["run_id"]
    guide.step("The later stages", "On the tuned model, past failed gates: each says so.")
    few = [w for n, changes in FEW.items() for c in changes for w in ("--set", f"{n}.{c}")]
    named = ("--model", str(model), "--data", str(guide.home / "sft"), "--on", run)
    said = guide.run_apart(
        "train", "run", "all", *named, *SIZE, *few, *LEFT_OUT, "--go-on", "--json", lines=1
    )
    return json.loads(said)


def table(document: dict[str, Any], minutes: float) -> list[str]:
    """Return the lines between the markers: every gate of every stage, and the end of the walk."""
    rows = [
        f"| {NAMES[step['stage']]} | {g['name']}: {g['rule']} | {measured(g)} | {g['n'] or ''} "
        f"| {g['verdict']} |"
        for step in document["steps"].values()
        for g in step["gates"]
    ]
    return [
        f"**{known()['name']}**, {date.today()}, {minutes:.0f} minutes on {os.cpu_count()} cores; "
        f"`{' '.join(SIZE)}`.",
        "",
        "| stage | gate | measured | n | verdict |",
        "|---|---|---|--:|---|",
        *rows,
        "",
        *(f"* {line}" for line in document["whole"]["words"]),
    ]


def measured(gate: dict[str, Any]) -> str:
    """Return a gate's value with its interval.

    >>> measured({"value": 0.5, "low": 0.25, "high": 0.75}), measured({"value": None})
    ('0.500 [0.250, 0.750]', '')
    """
    if gate["value"] is None:
        return ""
    if gate["low"] is None:
        return f"{gate['value']:.3f}"
    return f"{gate['value']:.3f} [{gate['low']:.3f}, {gate['high']:.3f}]"


if __name__ == "__main__":
    main(prog_name="make real-walk")
