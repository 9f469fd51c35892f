"""A capture from beginning to end: a model and a pack in, a folder and rows of the warehouse out.

The folder's name is a hash of all that made it, so the same command finds its own work again: after
a kill it goes on behind the last whole shard, and once finished it has nothing left to do.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from train.harness import capture
from train.harness.packs import load_pack
from train.harness.planted import plant_shards, recipe
from train.harness.traces import write_traces
from train.model.digest import model_digest, tokenizer_digest
from train.model.gemma import Gemma
from train.model.load import load, model_folder
from train.stages import runs
from train.stages.runs import captures_folder
from warehouse.errors import AgpError
from warehouse.store import open_writer

SPLITS = ("heads", "valid", "calib")  # the test split is captured only when it is named
CHECKED = 4  # prompts whose logits are compared with the plain model's, bit for bit
WAIT = 30.0  # seconds for another writer to finish


@dataclass(frozen=True)
class Wanted:
    """What the command line asks for."""

    model: str
    pack: Path
    adapter: Path | None = None  # a run of stage 1
    layers: tuple[int, ...] = ()  # none: the model's own candidates
    splits: tuple[str, ...] = SPLITS
    length: int = 32
    window: int = 1024
    most: int = 1000  # prompts of each split


def chosen(wanted: Wanted, changes: Sequence[str]) -> Wanted:
    """Return what is wanted with some settings changed, each as NAME=VALUE; AgpError for others.

    >>> chosen(Wanted("tiny", Path()), ["layers=2,4", "length=8"]).layers
    (2, 4)
    """
    for change in changes:
        name, _, value = change.partition("=")
        if name == "layers":
            wanted = replace(wanted, layers=numbers(value))
        elif name == "splits" and value:
            wanted = replace(wanted, splits=tuple(s.strip() for s in value.split(",")))
        elif name in ("length", "window") and value.isdecimal() and int(value):
            wanted = replace(wanted, **{name: int(value)})
        else:
            raise AgpError(f"--set {change}: a capture has layers, splits, length and window")
    return wanted


def numbers(layers: str) -> tuple[int, ...]:
    """Return layers from a list in words; AgpError for anything else."""
    try:
        return tuple(int(part) for part in layers.split(","))
    except ValueError:
        raise AgpError(f"layers {layers!r}: no list of numbers such as 2,4,6") from None


def make(
    wanted: Wanted, begin: Callable[[int], None] = lambda n: None, tick: Callable = lambda: None
) -> Path:
    """Capture, compute the facts, register; return the folder.

    `begin` hears once how often `tick` will be called: for every prompt, and every shard of facts.
    """
    pack = load_pack(wanted.pack)
    prompts = [p for s in wanted.splits for p in pack.split(s)[: wanted.most]]
    if not prompts:
        raise AgpError(f"{wanted.pack} has no prompt in {', '.join(wanted.splits)}")
    model, tokenizer = load(wanted.model, wanted.adapter / "best" if wanted.adapter else None)
    gemma = Gemma(model)
    layers = capture.layers_of(gemma, wanted.layers or capture.candidates(gemma))
    facts = made_of(wanted, pack, layers)
    folder = captures_folder() / facts["capture_id"]
    folder.mkdir(parents=True, exist_ok=True)
    if (folder / "manifest.json").exists():
        register(folder)
        return folder
    begin(len(prompts) + -(-len(prompts) // capture.PROMPTS))
    shape = capture.Shape(layers, wanted.length, wanted.window)
    with runs.held(folder):
        for part in (*folder.glob(".shard-*"), *folder.glob(".planted-*")):
            part.unlink()  # what a killed capture was writing
        exact = capture.same_as_plain(gemma, tokenizer, prompts[:CHECKED])
        notes = capture.capture_shards(gemma, tokenizer, prompts, shape, folder, tick)
        planted = plant_shards(folder, notes, layers)
        write_traces(gemma, folder, notes, planted, layers, tick)
        facts |= {
            "n_layers": gemma.n_layers,
            "width": gemma.config.hidden_size,
            "tokenizer_digest": tokenizer_digest(model_folder(wanted.model)),
            "bit_equal": exact,
            "prompts": len(prompts),
            "rows": sum(note["rows"] for note in notes),
            "captured_at": datetime.now(UTC).isoformat(timespec="seconds"),
        }
        runs.write_json(
            folder / "manifest.json", facts | {"shards": notes, "planted_shards": planted}
        )
    register(folder)
    return folder


def made_of(wanted: Wanted, pack: Any, layers: Sequence[int]) -> dict[str, Any]:
    """Return what names a capture: everything that a bit of it depends on, and the hash of it."""
    adapter = None
    if wanted.adapter:
        weights = wanted.adapter / "best" / "adapters.safetensors"
        adapter = hashlib.sha256(weights.read_bytes()).hexdigest()[:16]
    facts = {
        "model_digest": model_digest(model_folder(wanted.model)),
        "adapter_digest": adapter,
        "pack_digest": pack.digest,
        "layers": list(layers),
        "splits": list(wanted.splits),
        "length": wanted.length,
        "window": wanted.window,
        "most": wanted.most,
        "planted": recipe(),
    }
    text = json.dumps(facts, sort_keys=True).encode()
    name = "c" + hashlib.sha256(text).hexdigest()[:15]
    run = runs.summary(wanted.adapter)["run_id"] if wanted.adapter else None
    said = {"capture_id": name, "model": wanted.model, "adapter_run_id": run, "pack": pack.name}
    return said | {"pack_folder": str(pack.path.absolute())} | facts


def register(folder: Path) -> None:
    """Bring a finished capture into the warehouse, once, in one short transaction."""
    facts = capture.read_manifest(folder)
    keys = "capture_id model model_digest adapter_run_id pack pack_digest layers n_layers"
    row = [facts[k] for k in f"{keys} prompts rows".split()]
    made = datetime.fromisoformat(facts["captured_at"]).astimezone(UTC).replace(tzinfo=None)
    with open_writer(wait=WAIT) as con:
        known = "select 1 from captures where capture_id = ?"
        if con.execute(known, [facts["capture_id"]]).fetchall():
            return
        con.execute("begin")
        con.execute(
            f"insert into captures values ({', '.join('?' * 12)})", [*row, str(folder), made]
        )
        shards = [
            [facts["capture_id"], s["shard"], s["rows"], s["sha256"], dead]
            for dead, of in ((False, "shards"), (True, "planted_shards"))
            for s in facts[of]
        ]
        con.executemany("insert into capture_shards values (?, ?, ?, ?, ?)", shards)
        con.executemany(
            "insert into capture_prompts values (?, ?, ?, ?, ?, ?, ?)", prompt_rows(facts)
        )
        con.execute(
            "insert into trace_layers by name select ? as capture_id, * from read_parquet(?)",
            [facts["capture_id"], str(folder / "traces.parquet")],
        )
        con.execute("commit")


def prompt_rows(facts: dict[str, Any]) -> list[list[Any]]:
    """Return the columns of `capture_prompts`: where each prompt's rows lie, and whose it is."""
    rows = []
    for note in facts["shards"]:
        first = 0
        for prompt, split, n, exchange in zip(
            note["prompts"], note["splits"], note["lengths"], note["exchanges"], strict=True
        ):
            head = [facts["capture_id"], prompt, split, note["shard"]]
            rows.append([*head, first, n, exchange or None])
            first += n
    return rows
