"""A stage-6 run measured: the bundle that came out against the one that it began from.

Order matters: both bundles are whole, both captures hold the split, the gates are hashed and the
look is counted, and only then is a prompt read. Both bundles read the same tokens: the reference
answers, and what full depth of the bundle before went on with.
"""

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval import stage1, stage6, targets
from train.eval.gates import Gate
from train.eval.selection import Selection, answer_rows, passed
from train.eval.stage1 import Measure, rule
from train.eval.stage6 import Figures
from train.eval.statistics import Estimate, weighted_mean
from train.eval.targets import Target
from train.harness.capture import capture_ids, read_manifest
from train.harness.measure import encode_prompts
from train.harness.observe import Observation, Plan, observe
from train.harness.packs import SHIPPED, Pack, Prompt, load_pack
from train.harness.shards import read_shard
from train.harness.strata import spread
from train.model import bundle
from train.stages import checkpoint, joint_side, joint_targets, joint_words, runs, shelf
from train.stages.continued import sequences
from train.stages.evaluations import Options, Tick, opened
from train.stages.joint_data import places, said_tokens
from train.stages.joint_forced import Forced, Read, forced, read_split
from train.stages.joint_side import Side
from train.stages.joint_targets import BEFORE, LEAST, NOW
from train.stages.recertified import own_capture
from warehouse.errors import AgpError

EXACT = 8  # prompts on which going back is compared bit by bit


@dataclass(frozen=True)
class Pair:
    """Both bundles, and the prompts that they are compared on."""

    before: Side
    now: Side
    split: str
    prompts: list[Prompt]
    plan: Plan
    read: Read
    taught: dict[str, Any]  # the facts of the runs that the parts came from, by role


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure and decide; return the document.

    `begin` hears once how often `tick` will be called: for every prompt that is read or answered.
    """
    facts = runs.summary(run)
    checkpoint.verify(run / "best")
    old = bundle.load(Path(facts["before"]["path"]))
    captured = holds(Path(facts["capture"]), options.split)
    new = shelf.keep([run])
    before = joint_side.side(runs_of(facts), old, captured)
    now = joint_side.side(run, new, own_capture(run))
    fixed, head = opened(run, facts, options, stage6.GATES, set(old.manifest.parts))
    pair = paired(before, now, facts, options)
    begin(2 * (pair.plan.work + len(pair.read.prompts) + len(pair.plan.answered)))
    both = [observe(s.parts.gemma.model, s.parts.tokenizer, pair.plan, tick) for s in (before, now)]
    document = head | measured(pair, both, fixed.gates, options, tick)
    document["certificate"] = now.certificates.get(now.seeds[0]) if now.certificates else None
    document["bundles"] = {"before": old.manifest.digest, "now": new.manifest.digest}
    return document | joint_words.shown(document, facts)


def runs_of(facts: dict[str, Any]) -> Path:
    """Return the run that the adapter at the start is of."""
    return runs.runs_folder() / facts["base_run_id"]


def holds(capture: Path, split: str) -> Path:
    """Return a capture that holds a split; AgpError where it does not."""
    if split not in read_manifest(capture)["splits"]:
        raise AgpError(
            f"{capture.name} holds no prompt of the {split} split; capture it (`agp train capture "
            f"--splits heads,valid,calib,{split}`) and train stage 6 on that: --capture ID"
        )
    return capture


def paired(before: Side, now: Side, facts: dict[str, Any], options: Options) -> Pair:
    """Return what both bundles are measured on: the prompts that both captures hold."""
    pack = load_pack(options.pack)
    manifest = read_manifest(before.capture)
    if pack.digest != manifest["pack_digest"]:
        raise AgpError(f"{before.capture.name} is of pack {manifest['pack']}; --pack names another")
    prompts = prompts_of(pack, manifest, options.split)
    answered = spread(prompts, lambda p: (p.kind, p.script), options.answers)
    general = (pack.general or load_pack(SHIPPED).general)[: options.most]
    asked = encode_prompts(before.parts.tokenizer, prompts)
    plan = Plan(asked, general, answered, 0, manifest["window"], options.max_tokens)
    read = read_split(before, options.split)
    return Pair(before, now, options.split, prompts, plan, read, facts["taught_by"])


def prompts_of(pack: Pack, manifest: dict[str, Any], split: str) -> list[Prompt]:
    """Return the prompts of a split in the capture's order."""
    known = {p.id: p for p in pack.prompts}
    return [
        known[prompt]
        for note in manifest["shards"]
        for prompt, of in zip(note["prompts"], note["splits"], strict=True)
        if of == split
    ]


def measured(
    pair: Pair, both: list[Observation], gates: Sequence[Gate], options: Options, tick: Tick
) -> dict[str, Any]:
    """Return measures, verdicts and answers."""
    has_heads = "heads" in pair.before.parts.roles
    said, found = {}, {}
    for (name, of), one in zip(sides_of(pair).items(), both, strict=True):
        members = joint_targets.with_controls(of) if has_heads else {}
        asked = bool(pair.taught.get("codec", {}).get("heads_run_id"))
        said[name] = forced(of, pair.read, members, asked, tick)
        found[name] = figures(of, pair, one, said[name])
    measures = stage6.worse(found[BEFORE], found[NOW])
    better: list[str] = []
    control: dict[str, list[Target]] = {}
    if has_heads:
        better, control, more = aimed(pair, said, found, tick)
        measures += more
    measures.append(Measure("improved", exact(len(better), len(pair.prompts))))
    if control:
        won = sum(any(t.improved for t in rows) for rows in control.values())
        measures.append(Measure("controls", exact(won, len(control))))
    measures.append(Measure("rollback", differing(pair)))
    for name in found:
        measures += stage6.levels(name, found[name])
    answers = answer_rows(
        Selection(pair.prompts, list(pair.plan.answered), options.run_code), *both
    )
    also = stage1.compare(both[0], both[1], {}, passed(answers))
    measures += [m for m in also if m.name == "general_text" or m.name.startswith("checks.")]
    return {
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in rule(gates, measures)],
        "controls": {n: [target_row(t) for t in rows] for n, rows in control.items()},
        "improved": better,
        "answers": answers,
        "tokens": sum(s.tokens for s in both[0].scores),
    }


def sides_of(pair: Pair) -> dict[str, Side]:
    """Return both bundles by name."""
    return {BEFORE: pair.before, NOW: pair.now}


def figures(of: Side, pair: Pair, seen: Observation, said: Forced) -> Figures:
    """Return everything that a bundle is compared by."""
    semantic = None
    if "semantic" in of.parts.roles:
        semantic = joint_side.semantic(of, pair.split, pair.taught["semantic"])
    ranked = said.ranked(of.seeds) if said.confidence else None
    return Figures(joint_side.answers(seen.scores), said.depth, said.transfer, ranked, semantic)


def aimed(
    pair: Pair, said: dict[str, Forced], found: dict[str, Figures], tick: Tick
) -> tuple[list[str], dict[str, list[Target]], list[Measure]]:
    """Return which targets improved, what controls get of them, and the measures of both.

    Risk is that of the thresholds that were certified anew, on what the new bundle itself goes on
    with: that is what a certificate speaks of.
    """
    own = joint_side.judged(pair.now, pair.split, pair.now.members())
    assert own
    rivals = joint_targets.rivals(pair.now)
    nats = {name: one.answers for name, one in found.items()}
    seen = joint_targets.seen(pair, said, nats, rivals, tick)
    each, measures = joint_targets.measures(seen)
    control = {name: targets.judged(seen, [name], BEFORE, LEAST) for name in rivals}
    better = [t.name for t in each if t.improved]
    return better, control, joint_targets.risks(pair.now, own) + measures


def target_row(target: Target) -> dict[str, Any]:
    """Return a target as documents hold it."""
    return {"name": target.name, **asdict(target.estimate), "improved": target.improved}


def exact(count: int, n: int) -> Estimate:
    """Return a count, which has no interval."""
    return Estimate(float(count), float(count), float(count), n)


def differing(pair: Pair) -> Estimate:
    """Return the share of prompts whose states differ by a bit from those captured at the start.

    The model is the one that going back brings: its adapter comes out of the bundle.
    """
    of, manifest = pair.before, read_manifest(pair.before.capture)
    asked = sequences(of.capture, of.parts.tokenizer, pair.split)[:EXACT]
    tokens = said_tokens(of.capture, manifest, pair.split)
    wrong = []
    for prompt, said, (shard, at) in zip(asked, tokens, places(manifest, pair.split), strict=False):
        ids = [*prompt.ids][: prompt.at[0] + 1]
        again = capture_ids(of.parts.gemma, ids, said.tolist(), manifest["layers"])
        kept = read_shard(of.capture, manifest["shards"][shard])
        same = [
            bool(mx.array_equal(again[f"h.{k}"], kept[f"h.{k}"][mx.array(at)]))
            for k in (*manifest["layers"], manifest["n_layers"])
        ]
        wrong.append(float(not all(same)))
    return weighted_mean(wrong, np.ones(len(wrong)))
