"""Stage 2's table on made-up splits: who knows passes, who does not fails, nothing breaks it."""

import numpy as np
import pytest

from train.eval import route_baselines, stage2
from train.eval.gates import load_gates
from train.eval.judged import Judged, Said
from train.eval.resample import Groups
from train.eval.route_methods import NOTHING, Method
from train.eval.stage1 import Measure
from train.model.heads import SCALARS

K, PROMPTS, EACH = 3, 80, 6
N = PROMPTS * EACH
BASELINES = ["margin", "entropy"]


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(route_baselines, "STEPS", 90)


@pytest.fixture(scope="module")
def dice() -> np.random.Generator:
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def judged(dice: np.random.Generator) -> Judged:
    """Return a split in which a hidden ease decides, and the lens sees it through noise."""
    ease = dice.normal(size=(N, K)) + np.arange(K)
    agree = ease + 0.3 * dice.normal(size=(N, K)) > 0.5
    scalars = dice.uniform(size=(N, K, len(SCALARS))).astype(np.float32)
    scalars[..., SCALARS.index("margin")] = np.maximum(ease + dice.normal(size=(N, K)) + 2, 0)
    rows = np.arange(0, N, 2)
    said = Said(
        1 / (1 + np.exp(-6 * (ease - 0.5))),
        np.zeros((N, K), int),
        np.zeros((N, K), int),
        np.zeros((N, K), int),
        np.full((N, K), 0.1),
        np.full(len(rows), 0.01),
        np.full(len(rows), 0.9),
    )
    return Judged(
        (2, 4, 6),
        8,
        Groups.of(np.repeat(np.arange(PROMPTS), EACH).tolist()),
        scalars,
        agree,
        np.where(agree, 0, 1),
        np.zeros((N, K), int),
        np.full(N, 1),
        np.array(["zeroed", "foreign"])[rows % 4 // 2],
        rows % K,
        rows,
        np.full((len(rows), len(SCALARS)), np.nan, np.float32),
        {"0": said},
    )


def table(judged: Judged, confidence: np.ndarray, threshold: float = 0.9) -> stage2.Table:
    noise = np.random.default_rng(1).uniform(size=confidence.shape)
    models = {name: route_baselines.value(name, 1) for name in BASELINES}
    scored = route_baselines.apply({n: (m, False) for n, m in models.items()}, judged)
    dead = judged.said["0"].dead_confidence
    methods = [
        Method("heads", [confidence], [dead], [threshold], True),
        Method("control", [noise], [dead], [NOTHING], True),
        Method("oracle", [judged.agree.astype(float)], [dead * 0], [1.0]),
        *(Method(n, [scored[n].real], [scored[n].dead], [9.0]) for n in BASELINES),
    ]
    return stage2.Table(judged, methods)


def verdicts(made: stage2.Table) -> dict[str, str]:
    gates = load_gates(stage2.GATES).gates
    _, rulings, _ = stage2.ruled(made, gates, BASELINES, controls(made, "control", "noise"))
    return {r.gate.name: r.verdict for r in rulings}


def controls(made: stage2.Table, *names: str) -> dict[str, list[Measure]]:
    """Return what the gates measure of a method, under each of these names."""
    known = {name: name if name in made.methods else "control" for name in names}
    return {n: stage2.gate_measures(made, known[n], BASELINES) for n in names}


def test_heads_that_know_pass_every_gate(judged: Judged):
    found = verdicts(table(judged, judged.said["0"].confidence))
    assert found.pop("dead_accepted") == "too_few"  # 240 damaged positions, 300 wanted
    assert set(found.values()) == {"passed"}


def test_heads_that_do_not_know_fail(judged: Judged):
    noise = np.random.default_rng(5).uniform(size=(N, K))
    found = verdicts(table(judged, noise, NOTHING))
    assert found["augrc"] == "failed" and found["false_accepts"] == "too_few"
    reckless = verdicts(table(judged, noise, 0.1))
    assert reckless["false_accepts"] == "failed"


def test_a_control_that_passes_breaks_the_gate(judged: Judged):
    made = table(judged, judged.said["0"].confidence)
    gates = load_gates(stage2.GATES).gates
    _, rulings, found = stage2.ruled(made, gates, BASELINES, controls(made, "heads", "control"))
    assert [r.verdict for r in rulings if r.gate.name == "controls"] == ["failed"]
    assert [row["verdict"] for row in found["control"]][:2] == ["failed", "failed"]


def test_measures_of_every_method_and_kind(judged: Judged):
    made = table(judged, judged.said["0"].confidence)
    found = {m.name: m.estimate.value for m in stage2.method_measures(made)}
    assert found["augrc.oracle"] < found["augrc.heads"] < found["augrc.margin"]
    assert found["depth.heads"] < 1 and found["coverage.control"] == 0
    dead = {m.name: m.estimate.value for m in stage2.dead_measures(made, ["0"])}
    assert dead["death.all"] == 1 and dead["dead_accepted.zeroed"] == 0
    assert {"death.foreign", "death.layer.2", "death.all.margin"} <= dead.keys()
    labels = {m.name for m in stage2.label_measures(made, ["0"], 1)}
    assert labels == {
        "macro_f1.heads", "macro_f1.commonest", "earliest_off.heads", "earliest_off.constant"
    }  # fmt: skip
    drawn = stage2.pictures(made, BASELINES)
    assert drawn["reliability"]["heads"]
    assert abs(sum(drawn["depth"]["heads"].values()) - 1) < 1e-9


@pytest.mark.parametrize("value", [True, False])
def test_labels_that_are_all_equal_pass_nothing_and_break_nothing(judged: Judged, value: bool):
    same = Judged(**{**vars(judged), "agree": np.full((N, K), value), "route": judged.route * 0})
    found = verdicts(table(same, judged.said["0"].confidence))
    assert "passed" not in {found["augrc"], found["dead_accepted"]}
    fitted = route_baselines.fit(same, same)
    for scored in route_baselines.apply(fitted, same).values():
        assert np.isfinite(scored.real).all() and np.isfinite(scored.dead).all()


def test_fitted_baselines_use_what_the_lens_says(judged: Judged):
    found = route_baselines.apply(route_baselines.fit(judged, judged), judged)
    areas = {
        name: stage2.Table(judged, [Method("heads", [s.real], [s.dead], [1.0])])
        for name, s in found.items()
    }
    value = {name: t.value(t.augrc["heads"]) for name, t in areas.items()}
    assert value["logistic"] <= value["margin"] + 0.002 and value["mlp"] < value["random"] - 0.02
    assert value["margin.tempered"] == pytest.approx(value["margin"])
    assert (found["margin"].dead == route_baselines.FLOOR).all(), "what is missing is least sure"
