"""Did a joint finetune improve what the architecture is for? Two bundles' policies compared.

A policy leaves where its heads are sure enough. It reads the head at every candidate layer that it
looks at, and that is counted. Both bundles read the same continuations; what counts as accepted is
what the bundle's own full depth says there.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from train.eval import policy, targets
from train.eval.certificate import Promise
from train.eval.judged import Judged
from train.eval.resample import estimate
from train.eval.route_methods import NOTHING, Method, certified, dead_accepted
from train.eval.stage1 import Measure
from train.eval.stage6 import Sums
from train.eval.targets import Seen, Target, Took
from train.harness.capture import read_manifest
from train.harness.chat import template
from train.harness.generation import Way, beside_full, generate
from train.harness.lens import AffineExit
from train.harness.policies import Always
from train.harness.route_policy import Route
from train.model.look import Exit
from train.model.work import Costs
from train.stages.certified import of_scores
from train.stages.evaluate_heads import untrained
from train.stages.examples import labelled
from train.stages.joint_forced import Forced
from train.stages.joint_parts import CONTROL
from train.stages.joint_side import UNTRAINED, Side, judged

BEFORE, NOW = "before", "now"
LEAST = 30  # prompts, below which no improvement is claimed


@dataclass(frozen=True)
class Timed:
    """How long both bundles took for an answer, and how sure the one before was of its own."""

    entropy: float
    pace: Mapping[str, float]  # seconds a token


def with_controls(of: Side) -> dict[str, Any]:
    """Return a bundle's heads by name, and beside them some that were never trained."""
    members = of.members()
    return members | {UNTRAINED: untrained(next(iter(members.values())))}


def seen(
    pair: Any,
    forced: Mapping[str, Forced],
    nats: Mapping[str, Sums],
    rivals: Mapping[str, float],
    tick: Callable[[], None],
) -> list[Seen]:
    """Return what both bundles, and rivals of the new one's heads, took of every prompt.

    `rivals` are other heads of the new bundle by name, with the thresholds they would have.
    """
    sides = {BEFORE: pair.before, NOW: pair.now}
    took = {
        name: took_of(of, forced[name], {seed: of.threshold(seed) for seed in of.seeds}, nats[name])
        for name, of in sides.items()
    }
    for name, threshold in rivals.items():
        took[name] = took_of(pair.now, forced[NOW], {name: threshold}, nats[NOW])
    times = timed(pair, tick)
    read = forced[NOW].read
    found = []
    for i, prompt in enumerate(read.prompts):
        own = {name: each[i] for name, each in took.items()}
        entropy = float("nan")
        if time := times.get(prompt.prompt):
            entropy = time.entropy
            own |= {name: replace(own[name], pace=time.pace[name]) for name in sides}
        found.append(Seen(prompt.prompt, read.groups[i], entropy, int(nats[NOW].weights[i]), own))
    return found


def took_of(of: Side, said: Forced, thresholds: Mapping[str, float], nats: Sums) -> list[Took]:
    """Return what heads with thresholds make of each prompt, a mean over the heads."""
    read, each = said.read, cost_of_leaving(of)
    ends = np.concatenate([said.unlike, np.zeros((len(said.unlike), 1), bool)], axis=1)
    exits = [policy.exits(said.confidence[name], t) for name, t in thresholds.items()]
    work = read.sums(np.mean([each[at] for at in exits], axis=0))
    right = read.sums(np.mean([~ends[np.arange(len(ends)), at] for at in exits], axis=0))
    return [
        Took(float(len(token)), float(ok), float(spent), float(spent), None, float(lost))
        for token, ok, spent, lost in zip(read.tokens, right, work, nats.values, strict=True)
    ]


def cost_of_leaving(of: Side) -> np.ndarray:
    """Return what leaving at each candidate, or never, costs as a share of full depth: [k + 1].

    Each question costs the output head, a lens and the heads.
    """
    layers, lenses = read_manifest(of.capture)["layers"], of.parts.lenses
    head = next(iter(of.members().values()))
    lens = max((lens[0].size for lens in lenses.values()), default=0)
    costs = Costs(of.parts.gemma)
    look = costs.head + Route(tuple(layers), head, 1.0).work + lens
    found = [costs.between(0, k) + (i + 1) * look for i, k in enumerate(layers)]
    return np.array([*found, costs.full + len(layers) * look]) / costs.full


def measures(found: Sequence[Seen]) -> tuple[list[Target], list[Measure]]:
    """Return the targets, and each bundle's work a token and weights read a right token."""
    each = targets.judged(found, [NOW], BEFORE, LEAST)
    at, rows = targets.groups(found), []
    for name in (BEFORE, NOW):
        work = targets.share_of(found, name, lambda t: t.work, lambda t: t.tokens)
        reads = targets.share_of(found, name, lambda t: t.reads, lambda t: t.accepted)
        rows.append(Measure(f"work.{name}", estimate(work, at)))
        rows.append(Measure(f"parameters.{name}", estimate(reads, at)))
    return each, [Measure(t.name, t.estimate) for t in each] + rows


def rivals(of: Side) -> dict[str, float]:
    """Return the threshold that each control would be certified at, by the same promise."""
    sample = next(iter(of.certificates.values()), None)
    source = labelled(of.capture)
    if sample is None or "calib" not in source.facts["splits"]:
        return dict.fromkeys((CONTROL, UNTRAINED), NOTHING)
    promise = Promise(sample["alpha"], sample["delta"], sample["method"])
    members = {n: m for n, m in with_controls(of).items() if n in (CONTROL, UNTRAINED)}
    valid, calib = (judged(of, split, members) for split in ("valid", "calib"))
    assert valid and calib
    found = {}
    for name in members:
        scores = (valid.said[name].confidence, calib.said[name].confidence)
        value = of_scores(*scores, calib, promise).document()["threshold"]
        found[name] = NOTHING if value is None else float(value)
    return found


def risks(of: Side, said: Judged) -> list[Measure]:
    """Return what the thresholds that were certified anew do to this split."""
    seeds = of.seeds
    real = [said.said[n].confidence for n in seeds]
    dead = [said.said[n].dead_confidence for n in seeds]
    method = Method("heads", real, dead, [of.threshold(n) for n in seeds], True)
    found = certified(method, said)
    if len(said.kind):
        found["dead_accepted"] = dead_accepted(method, said, np.ones(len(said.kind), bool))
    return [Measure(name, estimate(s, said.groups)) for name, s in found.items()]


def timed(pair: Any, tick: Callable[[], None]) -> dict[str, Timed]:
    """Return how long both bundles took for the prompts that are answered, in turn."""
    found = {}
    for prompt in pair.plan.answered:
        ids = template(pair.before.parts.tokenizer, prompt.chat()[:-1], prompt=True)
        pace = {}
        for name, of in ((BEFORE, pair.before), (NOW, pair.now)):
            way, gemma = way_of(of), of.parts.gemma
            said = list(generate(gemma, of.parts.tokenizer, ids, way, pair.plan.max_tokens))
            pace[name] = sum(s.seconds for s in said) / len(said)
            tick()
        found[prompt.id] = Timed(entropy(pair, ids), pace)
    return found


def entropy(pair: Any, ids: list[int]) -> float:
    """Return how unsure full depth of the bundle before is of its own answer, in nats."""
    parts = pair.before.parts
    full = generate(parts.gemma, parts.tokenizer, ids, Way(Always(), {}), pair.plan.max_tokens)
    own = [s.token for s in full if s.token >= 0]
    return float(np.mean(beside_full(parts.gemma, ids, own, own).entropy))


def way_of(of: Side) -> Way:
    """Return the way that a bundle generates: by its first heads where they have a threshold."""
    name = of.seeds[0]
    if of.threshold(name) == NOTHING:
        return Way(Always(), {})
    layers = tuple(read_manifest(of.capture)["layers"])
    route = Route(layers, of.members()[name], of.threshold(name))
    exits: dict[int, Exit] = {k: AffineExit(k, lens) for k, lens in of.parts.lenses.items()}
    return Way(route, exits)
