"""A prompt pack from a dataset: rows of the splits that stage 1 never saw in, prompts out."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from train.harness.packs import SPLITS, Message, Prompt, write_pack
from train.harness.strata import json_check, kind_of, length_of, script_of, spread
from warehouse.errors import AgpError

HELD_OUT = SPLITS[1:]


def build_pack(data: Path, out: Path, name: str, most: int) -> dict[str, int]:
    """Write a pack of at most `most` prompts a split; return how many each split has.

    Prompts are spread over kind of answer, length and script, since an average over one kind says
    little about the others. AgpError when the dataset holds out nothing.
    """
    if out.exists():
        raise AgpError(f"{out} is already there; remove it or give another --out")
    if not (data / "manifest.json").is_file():
        raise AgpError(f"{data} is no dataset; `agp lanes build sft` makes one")
    chosen: list[Prompt] = []
    counts: dict[str, int] = {}
    for split in HELD_OUT:
        found = sorted(prompts(data / f"{split}.jsonl", split), key=lambda p: p.id)
        kept = spread(found, lambda p: (p.kind, p.script, length_of(p.messages[-1].content)), most)
        chosen += kept
        counts[split] = len(kept)
    if not chosen:
        raise AgpError(f"{data} has no rows outside the train split; a longer history has")
    digest = hashlib.sha256((data / "manifest.json").read_bytes()).hexdigest()
    write_pack(out, name, f"held-out rows of dataset {digest[:16]}", chosen)
    return counts


def prompts(path: Path, split: str) -> Iterator[Prompt]:
    """Yield one prompt for every answer that earns loss, with the conversation before it."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        if line:
            yield from row_prompts(orjson.loads(line), split)


def row_prompts(row: dict[str, Any], split: str) -> Iterator[Prompt]:
    """Yield a row's prompts, each named by its content; a row with a tool's turn yields none."""
    turns = [m for m in row["messages"] if m["content"]]
    earned = [b for b, m in zip(row["loss"], row["messages"], strict=True) if m["content"]]
    if any(m["role"] not in ("system", "user", "assistant") for m in turns):
        return
    for i, bit in enumerate(earned):
        if bit and i:
            yield as_prompt(turns[: i + 1], split)


def as_prompt(turns: list[dict[str, Any]], split: str) -> Prompt:
    """Return a conversation that ends with its reference answer as a prompt."""
    messages = [Message(role=m["role"], content=m["content"]) for m in turns]
    answer, asked = messages[-1].content, messages[-2].content
    check = json_check(answer)
    return Prompt(
        id=hashlib.sha256(orjson.dumps(turns)).hexdigest()[:16],
        messages=messages,
        kind=kind_of(answer),
        script=script_of(asked),
        split=split,
        checks=[check] if check else [],
    )
