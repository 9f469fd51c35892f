"""What stages 0, 2 and 3 take: a capture, heads on its shards, modules at a few exits."""

from train.harness import capture
from train.harness.capture import read_manifest
from train.harness.packs import find_pack, load_pack
from train.hosts.memory import HEAD_COPIES
from train.hosts.taken import STATE, Taken, backbone, positions, size, trained
from train.model import depth_set, heads
from train.model.gemma import Gemma
from train.stages import stage2, stage3
from train.stages.settings import settings
from train.stages.stage import Request, steps_of

KEPT = 8  # arrays of a small head's width that a row leaves behind for the backward pass


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
