"""Did a joint finetune improve what the architecture is for? Two bundles' policies compared."""

from collections.abc import Callable
from typing import Any

import numpy as np

from train.eval import targets
from train.eval.certificate import Promise
from train.eval.judged import Judged
from train.eval.resample import estimate
from train.eval.route_methods import NOTHING, Method, certified, dead_accepted
from train.eval.stage1 import Measure
from train.eval.stage6 import Figures
from train.eval.targets import Routed
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
from train.stages.joint_parts import CONTROL
from train.stages.joint_side import UNTRAINED, Side, judged

Control = dict[str, list[Measure]]


def with_controls(of: Side) -> dict[str, Any]:
    """Return a bundle's heads by name, and beside them some that were never trained."""
    members = of.members()
    return members | {UNTRAINED: untrained(next(iter(members.values())))}


def measures(
    pair: Any, found: dict[str, Figures], one: Judged, two: Judged, tick: Callable[[], None]
) -> tuple[list[Measure], Control]:
    """Return risk under the new certificate, the targets, and what controls get of the targets."""
    before, now = policy_of(pair.before, one), policy_of(pair.now, two)
    costs = (found["before"].answers, before), (found["now"].answers, now)
    changed = targets.targets(*costs)
    rows = [*risks(pair.now, two), *levels(before, now), *changed, *latency(pair, tick)]
    controls = {}
    for name, threshold in thresholds(pair.now, two).items():
        rival = policy_of(pair.now, two, {name: threshold})
        controls[name] = targets.targets(costs[0], (found["now"].answers, rival))
    return rows, controls


def policy_of(of: Side, said: Judged, chosen: dict[str, float] | None = None) -> Routed:
    """Return where the heads, or those that are named with thresholds, let positions leave."""
    by = chosen or {name: of.threshold(name) for name in of.seeds}
    scores = [said.said[name].confidence for name in by]
    return targets.routed(scores, list(by.values()), said.wrong, works(of), said.groups)


def works(of: Side) -> np.ndarray:
    """Return what leaving at each candidate costs, as a share of full depth."""
    layers, lenses = read_manifest(of.capture)["layers"], of.parts.lenses
    head = next(iter(of.members().values()))
    lens = max((lens[0].size for lens in lenses.values()), default=0)
    asked = Route(tuple(layers), head, 1.0).work + lens
    return targets.works(Costs(of.parts.gemma), layers, asked)


def thresholds(of: Side, said: Judged) -> dict[str, float]:
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


def levels(before: Routed, now: Routed) -> list[Measure]:
    """Return each bundle's work a token and weights read a right token."""
    return [
        Measure(f"{what}.{name}", estimate(statistic, of.groups))
        for name, of in (("before", before), ("now", now))
        for what, statistic in (("work", of.work()), ("parameters", of.parameters()))
    ]


def latency(pair: Any, tick: Callable[[], None]) -> list[Measure]:
    """Return how seconds a token changed on easy prompts, answered in turn by both bundles.

    Easy is the half whose answers the bundle before is surer of. Without two prompts: nothing.
    """
    timed = []
    for prompt in pair.plan.answered:
        ids = template(pair.before.parts.tokenizer, prompt.chat()[:-1], prompt=True)
        seconds = []
        for of in (pair.before, pair.now):
            way, gemma = way_of(of), of.parts.gemma
            said = list(generate(gemma, of.parts.tokenizer, ids, way, pair.plan.max_tokens))
            seconds.append(sum(s.seconds for s in said) / len(said))
            tick()
        timed.append((entropy(pair, ids), *seconds))
    easy = sorted(timed)[: len(timed) // 2]
    if not easy:
        return []
    return [targets.median_ratio([t[1] for t in easy], [t[2] for t in easy])]


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
