"""What stages 4 to 6 take: projections of texts, an encoder and decoder, all of it together."""

from pathlib import Path
from typing import Any

import numpy as np

from train.harness import capture
from train.harness.capture import read_manifest
from train.harness.labelled_texts import read_texts
from train.harness.shards import read_shard
from train.hosts.memory import Step, step_bytes
from train.hosts.taken import STATE, Taken, backbone, size, trained
from train.model import semantic
from train.model.codecs.learned import CONTEXT
from train.model.gemma import Gemma
from train.model.travel import kv_columns
from train.stages import runs, stage1, stage4, stage5, stage6
from train.stages.joint_settings import JointSettings
from train.stages.joint_settings import steps as joint_steps
from train.stages.settings import settings
from train.stages.stage import Request, steps_of
from train.stages.transfer_settings import TransferSettings, split_layers


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
