"""A capture's prompts as sequences again: what was asked, what was said, by which model."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from train.harness.capture import read_manifest
from train.harness.chat import template
from train.harness.packs import load_pack, pack_of
from train.harness.shards import read_shard
from train.model.digest import model_digest, weights_digest
from train.model.load import load, model_folder
from train.stages.runs import find_run
from warehouse.errors import AgpError


@dataclass(frozen=True)
class Continued:
    """A prompt's tokens with its full-depth continuation."""

    prompt: str
    ids: tuple[int, ...]  # without the last token, which nothing follows
    at: tuple[int, ...]  # the positions that predicted the continuation


def backbone(facts: dict[str, Any]) -> tuple[Any, Any]:
    """Return the (model, tokenizer) that a capture is of; AgpError where it is another by now."""
    adapter = find_run(facts["adapter_run_id"]) / "best" if facts["adapter_run_id"] else None
    if model_digest(model_folder(facts["model"])) != facts["model_digest"]:
        raise AgpError(f"{facts['model']} is not the model that {facts['capture_id']} is of")
    if adapter and weights_digest(adapter / "adapters.safetensors") != facts["adapter_digest"]:
        raise AgpError(f"{adapter} is not the adapter that {facts['capture_id']} was made with")
    return load(facts["model"], adapter)


def sequences(folder: Path, tokenizer: Any, split: str) -> list[Continued]:
    """Return a capture's prompts of a split; AgpError where their pack is another by now."""
    facts = read_manifest(folder)
    pack = load_pack(pack_of(facts))
    if pack.digest != facts["pack_digest"]:
        raise AgpError(f"pack {pack.name} is no longer that of {facts['capture_id']}; capture anew")
    prompts = {p.id: p for p in pack.prompts}
    found = []
    for name, token, at in _said(folder, facts, split):
        asked = template(tokenizer, prompts[name].chat()[:-1], prompt=True)[-facts["window"] :]
        found.append(Continued(name, (*asked, *token[:-1]), at))
    return found


def _said(folder: Path, facts: dict[str, Any], split: str) -> Iterator[tuple[str, tuple, tuple]]:
    """Yield (prompt, tokens, positions) of a split, shard by shard."""
    for note in facts["shards"]:
        if split not in note["splits"]:
            continue
        rows = read_shard(folder, note)
        tokens, places = (np.array(rows[n]).tolist() for n in ("token", "position"))
        end = 0
        for name, of, n in zip(note["prompts"], note["splits"], note["lengths"], strict=True):
            start, end = end, end + n
            if of == split:
                yield name, tuple(tokens[start:end]), tuple(places[start:end])
