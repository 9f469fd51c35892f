"""A prompt pack from a dataset: rows of the splits that stage 1 never saw in, prompts out."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from train.harness.packs import SPLITS, Message, Prompt, general_texts, write_pack
from train.harness.strata import json_check, kind_of, length_of, script_of, spread
from warehouse.errors import AgpError

HELD_OUT = SPLITS[1:]


def build_pack(data: Path, out: Path, name: str, most: int) -> dict[str, int]:
    """Write a pack of at most `most` prompts a split; return how many each split has.

    Prompts are spread over kind of answer, length and script, since an average over one kind says
    little about the others. The general texts are those that ship. AgpError when the dataset holds
    out nothing.
    """
    if out.exists():
        raise AgpError(f"{out} is already there; remove it or give another --out")
    if not (data / "manifest.json").is_file():
        raise AgpError(f"{data} is no dataset; `agp lanes build sft` makes one")
    seen: set[str] = set()
    chosen: dict[str, list[Prompt]] = {}
    for split in reversed(HELD_OUT):  # a conversation in two splits stays in the later one
        found = {p.id: p for p in prompts(data / f"{split}.jsonl", split) if p.id not in seen}
        seen |= found.keys()
        ordered = sorted(found.values(), key=lambda p: p.id)
        chosen[split] = spread(
            ordered, lambda p: (p.kind, p.script, length_of(p.messages[-1].content)), most
        )
    if not any(chosen.values()):
        raise AgpError(f"{data} has no rows outside the train split; a longer history has")
    every = [prompt for split in HELD_OUT for prompt in chosen[split]]
    digest = hashlib.sha256((data / "manifest.json").read_bytes()).hexdigest()
    write_pack(out, name, f"held-out rows of dataset {digest[:16]}", every, general_texts())
    return {split: len(chosen[split]) for split in HELD_OUT}


def prompts(path: Path, split: str) -> Iterator[Prompt]:
    """Yield a prompt for each answer that earns loss: the conversation up to and with it."""
    if not path.exists():
        return
    for line in path.read_bytes().split(b"\n"):
        if line:
            yield from of_row(orjson.loads(line), split)


def of_row(row: dict[str, Any], split: str) -> Iterator[Prompt]:
    """Yield a row's prompts, named by their content; they know which conversation they are of.

    An answer right at the start, or after a turn of another role than a chat has, makes none.
    """
    of = row.get("exchange_of")  # which of its exchanges each message is of
    conversation = hashlib.sha256(orjson.dumps(row["messages"])).hexdigest()[:16]
    for i, earns in enumerate(row["loss"]):
        turns = [m for m in row["messages"][: i + 1] if m["content"]]
        plain = all(m["role"] in ("system", "user", "assistant") for m in turns)
        if not earns or not row["messages"][i]["content"] or not plain or len(turns) < 2:
            continue
        messages = [Message(role=m["role"], content=m["content"]) for m in turns]
        check = json_check(messages[-1].content)
        yield Prompt(
            id=hashlib.sha256(orjson.dumps(turns)).hexdigest()[:16],
            conversation=conversation,
            exchange=row["exchange_ids"][of[i]] if of else "",
            messages=messages,
            kind=kind_of(messages[-1].content),
            script=script_of(messages[-2].content),
            split=split,
            checks=[check] if check else [],
        )
