"""The table of `make real`: what was measured in, the part of a page between two markers out."""

import re
from datetime import date
from pathlib import Path
from typing import Any

from agp.real.model import known
from train.commands_eval import signed
from train.stages.evaluate_words import NAMES
from warehouse.errors import AgpError

BEGIN, END = "<!-- real -->", "<!-- /real -->"


def write(page: Path, document: dict[str, Any], found: dict[str, Any], seconds: float) -> None:
    """Put the table into the page, in place of the one before; AgpError where it has no place."""
    place(page, BEGIN, END, table(document, found, seconds))


def place(page: Path, begin: str, end: str, lines: list[str]) -> None:
    """Put lines between two markers of a page; AgpError where they do not stand there once each."""
    text = page.read_text(encoding="utf-8")
    if text.count(begin) != 1 or text.count(end) != 1:
        raise AgpError(f"{page} has no place for the table: {begin} and {end}, once each")
    body = "\n".join([begin, *lines, end])
    pattern = f"{re.escape(begin)}.*{re.escape(end)}"
    page.write_text(re.sub(pattern, lambda _: body, text, flags=re.DOTALL), encoding="utf-8")


def table(document: dict[str, Any], found: dict[str, Any], seconds: float) -> list[str]:
    """Return the lines between the markers."""
    run, evaluation = document["run"], document["evaluation"]
    steps = [m for m in run["metrics"] if "loss" in m]
    rate = steps[-1]["tokens"] / steps[-1]["seconds"]
    asked = evaluation["answers"][0]
    return [
        f"**{known()['name']}**, {date.today()}, {document['cores']} cores, "
        f"{seconds / 60:.1f} minutes in all; code {str(run.get('commit'))[:7]}.",
        f"Perplexity of the shipped text {found['perplexity']:.2f} ({found['tokens']:,} tokens).",
        f"Stage 1: {run['steps']} steps, {steps[-1]['tokens']:,} tokens of which "
        f"{steps[-1]['supervised']:,} supervised, {rate:.0f} tokens/s, peak "
        f"{steps[-1]['peak_mb'] / 1000:.1f} GB, {run['trainable']:,} numbers trained.",
        "",
        f"| {evaluation['split']}, nats a token ({evaluation['tokens']:,} tokens) "
        "| value | low | high | prompts |",
        "|---|--:|--:|--:|--:|",
        *(measure(m) for m in evaluation["measures"] if not m["name"].startswith("cka.")),
        "",
        "| gate | measured | n | verdict |",
        "|---|--:|--:|---|",
        *(gate(g) for g in evaluation["gates"] if g["value"] is not None),
        "",
        *layers(document["map"]),
        "",
        "One of the prompts, answered before and after:",
        "",
        *quoted("asked", asked["asked"]),
        *quoted("untuned", asked["untuned"]),
        *quoted("tuned", asked["tuned"]),
    ]


def layers(found: dict[str, Any]) -> list[str]:
    """Return the map of layers of the base model as a table, and its gate."""
    rows = [
        f"| {r['layer']} | {r['lens']} | {r['kl']:.3f} | {r['agree']:.3f} | {r['stays']:.3f} |"
        for r in found["layers"]
    ]
    (oracle,) = found["gates"]
    return [
        f"Stage 0 on the {found['split']} split, {found['layers'][0]['positions']:,} positions:",
        "",
        "| layers run | lens | KL | agree | stay |",
        "|--:|---|--:|--:|--:|",
        *rows,
        "",
        f"An oracle runs {oracle['value']:.0%} of the layers [{oracle['low']:.0%}, "
        f"{oracle['high']:.0%}], {oracle['n']} prompts, {found['flips']:.0%} of positions agree "
        f"once and flip away; gate {oracle['rule']}: {oracle['verdict']}.",
    ]


def measure(m: dict[str, Any]) -> str:
    """Return a measure as a row."""
    values = (signed(m, key) for key in ("value", "low", "high"))
    return f"| {NAMES.get(m['name'], m['name'])} | {' | '.join(values)} | {m['n']} |"


def gate(g: dict[str, Any]) -> str:
    """Return a gate as a row."""
    interval = f"{g['value']:+.3f} [{g['low']:+.3f}, {g['high']:+.3f}]"
    return f"| {g['name']}: {g['rule']} | {interval} | {g['n']} | {g['verdict']} |"


def quoted(name: str, text: str) -> list[str]:
    """Return a text as a fenced block under its name.

    >>> quoted("tuned", "a")
    ['```text', 'tuned: a', '```', '']
    """
    return ["```text", f"{name}: {text.strip().replace('```', chr(39) * 3)}", "```", ""]
