"""Everything beside stage 1 alone: what counts as better, and what never does."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from train.eval import targets as by_target
from train.eval import whole
from train.eval.gates import load_gates
from train.eval.stage1 import rule
from train.eval.targets import Seen, Took
from train.eval.whole import ALONE

BASE = Took(20, 20, 20.0, 20.0, 0.010, 30.0)


def seen(n: int, **changes: Any) -> list[Seen]:
    """Return n prompts whose way takes a share of stage 1 alone's, with some noise of its own."""
    rng = np.random.default_rng(0)
    made = []
    for i in range(n):
        base = replace(BASE, pace=0.010 + 0.001 * rng.random(), nats=30 + rng.random())
        way = replace(base, **{k: v(base, rng) for k, v in changes.items()})
        made.append(Seen(f"p{i}", f"p{i}", float(rng.random()), 10, {ALONE: base, "route": way}))
    return made


def found(prompts: list[Seen]) -> dict[str, by_target.Target]:
    return {t.name: t for t in by_target.judged(prompts, ["route"], ALONE)}


def test_the_same_is_never_better():
    targets = found(seen(40))
    assert {t.estimate.value for t in targets.values()} == {1.0}
    assert not any(t.improved for t in targets.values())


def test_half_the_work_is_better_and_lost_quality_takes_it_back():
    half = seen(40, work=lambda b, _: b.work / 2)
    assert found(half)["quality_per_compute"].estimate.value == pytest.approx(2)
    assert found(half)["quality_per_compute"].improved
    worse = seen(40, work=lambda b, _: b.work / 2, nats=lambda b, _: b.nats + 10)  # 1 nat a token
    assert found(worse)["quality_per_compute"].estimate.value == pytest.approx(2 / np.e)
    assert not found(worse)["quality_per_compute"].improved


def test_weights_count_for_accepted_tokens_only():
    targets = found(seen(40, reads=lambda b, _: b.reads * 0.8, accepted=lambda b, _: 16))
    assert targets["parameters_per_token"].estimate.value == pytest.approx(1)
    assert "energy_per_token" not in targets
    told = seen(40, joules=lambda b, _: 2.0)
    both = [replace(s, took={**s.took, ALONE: replace(s.took[ALONE], joules=4.0)}) for s in told]
    assert found(both)["energy_per_token"].improved


def test_latency_is_of_the_easy_half():
    prompts = seen(40)
    easy = {s.id for s in by_target.easy(prompts)}
    assert max(s.entropy for s in prompts if s.id in easy) < min(
        s.entropy for s in prompts if s.id not in easy
    )
    quick = [
        replace(
            s, took={**s.took, "route": replace(s.took[ALONE], pace=(s.took[ALONE].pace or 0) / 2)}
        )
        if s.id in easy
        else s
        for s in prompts
    ]
    assert found(quick)["easy_latency"].estimate.n == 20
    assert found(quick)["easy_latency"].improved


def test_noise_around_nothing_is_better_in_few_of_many_draws():
    """Three targets looked at together: none is better in truth, so one seems so in about 5 %."""
    wrong = 0
    for seed in range(30):
        rng = np.random.default_rng(seed)
        prompts = [
            replace(
                s,
                took={
                    ALONE: replace(BASE, pace=rng.lognormal(0, 0.3), nats=rng.normal(30, 3)),
                    "route": replace(BASE, pace=rng.lognormal(0, 0.3), nats=rng.normal(30, 3)),
                },
            )
            for s in seen(40)
        ]
        wrong += any(t.improved for t in by_target.judged(prompts, ["route"], ALONE))
    assert wrong <= 5  # 1.5 expected; more than 5 in under 1 %


def test_garbage_that_is_quick_passes_no_gate_of_faithfulness():
    """Random heads leave at once: fast, and wrong. Speed alone promotes nothing."""
    prompts = seen(
        60, work=lambda b, _: 2.0, reads=lambda b, _: 0.5, accepted=lambda b, rng: rng.integers(9)
    )
    made = [replace(s, took={**s.took, "by chance": s.took["route"]}) for s in prompts]
    measures = whole.measures(made, ["route"], "by chance")
    verdicts = {r.gate.name: r.verdict for r in rule(load_gates(whole.GATES).gates, measures)}
    assert verdicts["improved"] == "passed"
    assert verdicts["disagreement"] == verdicts["control"] == "failed"
