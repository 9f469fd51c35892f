"""`agp generate --pack`: what a policy saves over many prompts, easy and hard ones apart."""

from dataclasses import dataclass
from typing import Any

import click

from warehouse.console import counting_bar, print_json, print_table
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Chosen:
    """Which prompts, and how long an answer."""

    pack: str
    split: str
    most: int
    max_tokens: int


def over_pack(made: Any, ask: Any, chosen: Chosen, as_json: bool) -> None:
    """Answer a pack's prompts both ways and print what was saved and what changed."""
    from train.eval.routed import beside, saves, table
    from train.harness.chat import template
    from train.harness.generation import generate
    from train.harness.packs import find_pack, load_pack
    from train.harness.strata import spread

    gemma, tokenizer, length = made.gemma, made.tokenizer, chosen.max_tokens
    pack = load_pack(find_pack(chosen.pack))
    prompts = spread(pack.split(chosen.split), lambda p: (p.kind, p.script), chosen.most)
    if not prompts:
        raise AgpError(f"pack {pack.name} has no {chosen.split} prompts; see `agp packs show`")
    answers = []
    with counting_bar("answering") as (begin, tick):
        begin(len(prompts))
        for p in prompts:
            ids = template(tokenizer, p.chat()[:-1], prompt=True)
            said = list(generate(gemma, tokenizer, ids, made.way, length))
            answers.append(beside(gemma, tokenizer, ids, said, length))
            tick()
    found = table(gemma, answers)
    if as_json:
        head = {"model": ask.named_model, "policy": ask.policy, "pack": pack.name}
        print_json({**head, "split": chosen.split, "max_tokens": length, "groups": found})
        return
    title = f"{ask.named_model}, {ask.policy}: {len(prompts)} {chosen.split} prompts of {pack.name}"
    print_table(("", *found), pack_lines(found, gemma.n_layers), title=title)
    click.echo(saves(found["all"]["work"]["value"], found["all"]["reads"]["value"]))


def pack_lines(found: dict[str, dict[str, Any]], depth: int) -> list[tuple[str, ...]]:
    """Return the rows of a pack's table: a value with its interval for each group."""
    names = {
        "layers": f"layers a token, of {depth}",
        "heads": "heads read a token",
        "work": "work, share of full depth",
        "reads": "weights read, share",
        "time": "seconds a token, share",
        "agree": "tokens full depth agrees with",
        "same": "tokens of the free-running text",
        "identical": "texts that are the same",
    }
    rows = [("prompts", *(str(g["time"]["n"]) for g in found.values()))]
    for key, name in names.items():
        cells = (g[key] for g in found.values())
        rows.append((name, *(f"{c['value']:.2f} [{c['low']:.2f}, {c['high']:.2f}]" for c in cells)))
    for key, name in (("said", "ms a token, p50/p90/p99"), ("full", "the same at full depth")):
        slow = (g[f"{key}_ms"].values() for g in found.values())
        rows.append((name, *(" / ".join(f"{v:.1f}" for v in each) for each in slow)))
    return rows
