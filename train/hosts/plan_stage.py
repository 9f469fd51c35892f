"""What a run of stages 0 and 2 to 6 takes, from manifests, settings and the model's config."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import mlx.nn as nn
import numpy as np

from train.harness import capture
from train.harness.capture import read_manifest
from train.harness.labelled_texts import read_texts
from train.harness.packs import find_pack, load_pack
from train.harness.shards import read_shard
from train.hosts.machine import Machine
from train.hosts.memory import HEAD_COPIES, Step, step_bytes
from train.hosts.needs import Need
from train.hosts.plan import config_folder
from train.model import depth_set, heads, semantic
from train.model.codecs.learned import CONTEXT
from train.model.gemma import Gemma
from train.model.skeleton import numbers, skeleton, stored_bytes
from train.model.travel import kv_columns
from train.stages import runs, stage1, stage2, stage3, stage4, stage5, stage6
from train.stages.joint_settings import JointSettings
from train.stages.joint_settings import steps as joint_steps
from train.stages.settings import settings
from train.stages.stage import Request, steps_of
from train.stages.transfer_settings import TransferSettings, split_layers

STATE = 4  # bytes of a captured number
TRAINED = 4  # copies of what is trained: itself, its gradient, two moments
KEPT = 8  # arrays of a small head's width that a row leaves behind for the backward pass


@dataclass(frozen=True)
class Taken:
    """What a stage takes, as far as it can be told."""

    trainable: int  # numbers
    rows: dict[str, int]
    steps: int | None
    parts: dict[str, int]  # bytes by part
    said: str  # what is trained, on what


def make(
    stage: int, request: Request, found: list[Need], machine: Machine, pack: str = "shipped"
) -> dict[str, Any]:
    """Return the plan of a stage as JSON holds it; what is missing stands in `missing`."""
    gemma = Gemma(skeleton(config_folder(request.model), machine.float32))
    missing = [n for n in found if n.must and not n.found]
    taken = None if missing else TAKES[stage](gemma, request, pack)
    head = {
        "stage": stage,
        "model": request.model,
        "machine": machine.name,
        "usable_bytes": machine.usable,
        "parameters": sum(numbers(gemma.model).values()),
        "needs": [vars(n) for n in found],
        "missing": [{"what": n.what, "command": n.command} for n in missing],
    }
    if taken is None:
        return head | {"fits": None}
    total = sum(taken.parts.values())
    return head | {
        "trains": taken.said,
        "trainable": taken.trainable,
        "rows": taken.rows,
        "steps": taken.steps,
        "bytes": taken.parts,
        "total_bytes": total,
        "fits": total <= machine.usable,
    }


def backbone(gemma: Gemma) -> dict[str, int]:
    """Return the bytes of a frozen model."""
    weights = stored_bytes(gemma.model)
    names = {"other": "weights", "embedding": "embedding"}
    return {name: weights[key] for key, name in names.items()} | {
        "per-layer embedding": weights["per-layer embedding"]
    }


def trained(count: int) -> dict[str, int]:
    """Return the bytes of what is trained with its gradient and moments."""
    return {"trained, with gradient and moments": TRAINED * STATE * count}


def size(module: nn.Module, weights: Any) -> int:
    """Return how many numbers a module holds; nothing is computed."""
    return sum(w.size for w in weights(module).values())


def positions(facts: Mapping[str, Any], split: str) -> int:
    """Return how many captured positions a split has."""
    return sum(
        n
        for note in facts["shards"]
        for of, n in zip(note["splits"], note["lengths"], strict=True)
        if of == split
    )


def instrumentation(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 0: a capture of the base model; nothing is trained."""
    prompts = load_pack(find_pack(pack))
    counts = {s: len(prompts.split(s)) for s in ("heads", "valid", "calib", "test")}
    layers, width = len(capture.candidates(gemma)) + 1, gemma.config.hidden_size
    shape = capture.Shape(())
    rows = sum(counts.values()) * shape.length
    logits = min(capture.LOGITS, shape.length * gemma.config.vocab_size)
    shard = capture.PROMPTS * shape.length * layers * width * STATE
    parts = backbone(gemma) | {"states of a shard": shard, "logits": 3 * STATE * logits}
    said = (
        f"nothing; up to {rows:,} positions of {layers} layers, {rows * layers * width * 4:,} bytes"
    )
    return Taken(0, counts, None, parts, said)


def routing_heads(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 2: heads on shards; the backbone does not run."""
    facts, chosen = (
        read_manifest(request.captures[0]),
        settings(stage2.FILE, request.changes, stage2.HeadSettings),
    )
    k, d = len(facts["layers"]), facts["width"]
    shape = heads.Shape(k, d, chosen.hidden, chosen.projection, chosen.dropout)
    one = size(heads.Heads(shape), heads.weights)
    rows = {s: positions(facts, s) for s in ("heads", "valid", "calib")}
    largest = max(note["rows"] for note in facts["shards"])
    window = chosen.window_shards * largest * (k + 1) * d * STATE
    batch = (chosen.seeds + 1) * chosen.positions * k * (d + KEPT * chosen.hidden) * STATE
    count = one * (chosen.seeds + 1)
    steps = steps_of(chosen, -(-rows["heads"] // chosen.positions))
    said = f"{chosen.seeds} sets of heads and a control, on {k} layers of each position"
    return Taken(
        count, rows, steps, trained(count) | {"shards in memory": window, "a batch": batch}, said
    )


def depth_modules(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 3: modules at a few exits, through the head of the frozen model."""
    facts, chosen = (
        read_manifest(request.captures[0]),
        settings(stage3.FILE, request.changes, stage3.DepthSettings),
    )
    shape = stage3.shape_for(facts, request.captures[0], chosen)
    count = size(depth_set.DepthSet(shape), depth_set.weights)
    wanted = len({*shape.layers, *(s for p in shape.places for s in p.sources), facts["n_layers"]})
    rows = {s: positions(facts, s) for s in ("heads", "valid")}
    steps = steps_of(chosen, -(-rows["heads"] // chosen.positions))
    batch = len(shape.names) * chosen.positions
    logits = HEAD_COPIES * batch * len(shape.layers) * gemma.config.vocab_size * STATE
    parts = (
        backbone(gemma)
        | trained(count)
        | {
            "states": sum(rows.values()) * wanted * facts["width"] * STATE,
            "logits": logits,
        }
    )
    said = f"{len(shape.names)} members at exits {', '.join(map(str, shape.layers))}"
    return Taken(count, rows, steps, parts, said)


def projections(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 4: projections over states of texts, captured once before training."""
    assert request.data is not None
    chosen = settings(stage4.FILE, request.changes, stage4.SemanticSettings)
    texts = {
        s: read_texts(request.data, s) for s in (*chosen.splits(bool(request.parents)), "valid")
    }
    labels, d = next(iter(texts.values())).labels, gemma.config.hidden_size
    shape = semantic.Shape(d, labels, chosen.hidden, chosen.units, chosen.sparsity, chosen.active)
    count = size(semantic.Semantic(shape), semantic.weights) * (chosen.seeds + 1)
    rows = {s: len(t.rows) for s, t in texts.items()}
    learned = sum(n for s, n in rows.items() if s != "valid")
    units = chosen.hidden + 3 * chosen.units * len(labels)
    batch = (chosen.seeds + 1) * chosen.rows * (d + 3 * units) * STATE
    parts = (
        backbone(gemma)
        | trained(count)
        | {
            "states": 2 * sum(rows.values()) * d * STATE,
            "a batch": batch,
        }
    )
    said = f"{chosen.seeds} projections and a control, {len(labels)} labels"
    return Taken(count, rows, steps_of(chosen, -(-learned // chosen.rows)), parts, said)


def transfer_pair(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 5: an encoder and a decoder, through the frozen upper layers."""
    facts, chosen = (
        read_manifest(request.captures[0]),
        settings(stage5.FILE, request.changes, TransferSettings),
    )
    layers = split_layers(gemma, dict(facts), chosen.layers)
    widths = {f"h.{k}": facts["width"] for k in layers}
    widths |= {f"kv.{p}": kv_columns(gemma, p) for k in layers for p in gemma.producers(k)}
    count = chosen.seeds * sum(pair_numbers(w, chosen.hidden) for w in widths.values())
    prompts = {s: sum(n["splits"].count(s) for n in facts["shards"]) for s in ("heads", "valid")}
    each = max(note["rows"] for note in facts["shards"]) // capture.PROMPTS
    place = read_shard(request.captures[0], facts["shards"][0])["position"]
    longest = int(np.array(place).max())
    # All that one seed could hold, though less is held: measured, five hold two thirds of it.
    step = Step(chosen.prompts, longest + each, each)
    as_stage1 = stage1.chosen_settings(["head_positions=100000"])
    norm: Any = gemma.backbone.norm
    parts = backbone(gemma) | trained(count)
    parts |= step_bytes(gemma, as_stage1, step, norm.weight.dtype.size, False)
    steps = steps_of(chosen, -(-prompts["heads"] // chosen.prompts))
    said = f"{chosen.seeds} seeds of a pair for each of {len(widths)} kinds of rows, at the most"
    return Taken(count, prompts, steps, parts, said)


def pair_numbers(width: int, hidden: int) -> int:
    """Return the numbers of one pair of as many latents as its rows have numbers."""
    outer = 2 * width * width + width
    return outer + 2 * ((width + CONTEXT) * hidden + hidden) + 2 * (hidden * width + width)


def joint(gemma: Gemma, request: Request, pack: str) -> Taken:
    """Stage 6: adapter and parts together, in a share of the earlier steps."""
    parents = [runs.summary(run) for run in request.parents]
    chosen = settings(stage6.FILE, request.changes, JointSettings)
    count = sum(facts.get("trainable") or 0 for facts in parents)
    folder = next(Path(facts["capture"]) for facts in parents if facts.get("capture"))
    prompts = sum(n["splits"].count("heads") for n in read_manifest(folder)["shards"])
    earlier = {facts["run_id"]: int(facts.get("steps") or 0) for facts in parents}
    taken = joint_steps(chosen, -(-prompts // chosen.prompts), earlier)
    as_stage1 = stage1.chosen_settings([f"batch_tokens={chosen.batch_tokens}"])
    step = Step(1, chosen.batch_tokens, chosen.batch_tokens // 2)
    norm: Any = gemma.backbone.norm
    parts = backbone(gemma) | trained(count) | {"where they began": STATE * count}
    parts |= step_bytes(gemma, as_stage1, step, norm.weight.dtype.size, False)
    said = f"all that {len(parents)} runs trained, seeds and fitted parts counted, at the most"
    return Taken(count, {"heads": prompts}, taken, parts, said)


TAKES = {
    0: instrumentation,
    2: routing_heads,
    3: depth_modules,
    4: projections,
    5: transfer_pair,
    6: joint,
}
