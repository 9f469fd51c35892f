"""Stage 2's table: methods and a judged split in, measures, gates, curves out."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from train.eval import resample, route_methods, selective
from train.eval.gates import Gate
from train.eval.judged import Judged
from train.eval.resample import Groups, Statistic, estimate
from train.eval.route_methods import Method
from train.eval.stage1 import Measure, Ruling, rule
from train.eval.statistics import Estimate
from train.model.heads import ROUTES

GATES = Path(__file__).with_suffix(".toml")
HEADS, REFERENCES = "heads", ("oracle", "random")  # references are no baselines to beat


class Table:
    """Statistics of every method on one split, made once."""

    def __init__(self, judged: Judged, methods: Sequence[Method]) -> None:
        """Take methods by name: heads, baselines, controls and references."""
        self.judged = judged
        self.methods = {m.name: m for m in methods}
        self.augrc = {m.name: route_methods.over_layers(resample.augrc, m, judged) for m in methods}
        self.certified = {m.name: route_methods.certified(m, judged) for m in methods}

    def measure(self, name: str, statistic: Statistic, counted: int | None = None) -> Measure:
        """Return a statistic's value and interval over this split's prompts."""
        return Measure(name, estimate(statistic, self.judged.groups), counted)

    def value(self, statistic: Statistic) -> float:
        """Return a statistic's value alone."""
        return float(statistic(np.ones((1, self.judged.groups.size)))[0])

    def best(self, baselines: Sequence[str]) -> dict[str, str]:
        """Return the baseline of the least AUGRC, and that of the most certified coverage.

        Both are looked for on the split itself, which is hard on the heads.
        """
        coverage = {name: self.value(self.certified[name]["coverage"]) for name in baselines}
        areas = {name: self.value(self.augrc[name]) for name in baselines}
        return {
            "augrc": min(areas, key=lambda n: areas[n]),
            "coverage": max(coverage, key=lambda n: coverage[n]),
        }


def method_measures(table: Table) -> list[Measure]:
    """Return every method's areas, calibration, and what its own certificate brings."""
    found = []
    for name, method in table.methods.items():
        aurc = route_methods.over_layers(resample.aurc, method, table.judged)
        parts = {"augrc": table.augrc[name], "aurc": aurc, **table.certified[name]}
        if method.probability:
            parts |= route_methods.calibration(method, table.judged)
        found += [table.measure(f"{part}.{name}", statistic) for part, statistic in parts.items()]
    return found


def label_measures(table: Table, names: Sequence[str], constant: int) -> list[Measure]:
    """Return macro-F1 of the four actions and the error of the earliest layer, of heads by name.

    Beside them the commonest action, and `constant` as everyone's earliest candidate.
    """
    judged = table.judged
    k = len(judged.layers)
    groups = Groups(np.repeat(judged.groups.at, k), judged.groups.size, judged.groups.prompts)
    truth = judged.route.ravel()
    early = np.repeat(judged.earliest, k)

    def f1(guess: np.ndarray) -> Statistic:
        return resample.macro_f1(truth, guess, groups, len(ROUTES))

    def off(guess: np.ndarray) -> Statistic:
        return resample.ratio(np.abs(guess - early), np.ones(len(early)), groups)

    said = [judged.said[name] for name in names]
    common = np.full(len(truth), np.bincount(truth).argmax())
    parts = {
        "macro_f1.heads": resample.average([f1(s.route.ravel()) for s in said]),
        "macro_f1.commonest": f1(common),
        "earliest_off.heads": resample.average([off(s.earliest.ravel()) for s in said]),
        "earliest_off.constant": off(np.full(len(early), constant)),
    }
    return [table.measure(name, statistic) for name, statistic in parts.items()]


def dead_measures(table: Table, names: Sequence[str]) -> list[Measure]:
    """Return the AUROC of damaged states and the share that is accepted, kind by kind."""
    judged, found = table.judged, []
    every = np.ones(len(judged.kind), bool)
    said = [judged.said[name] for name in names]
    for kind in ("all", *np.unique(judged.kind).tolist()):
        some = every if kind == "all" else judged.kind == kind
        parts = ([s.death for s in said], [s.dead_death for s in said])
        found.append(table.measure(f"death.{kind}", route_methods.death(*parts, judged, some)))
        accepted = route_methods.dead_accepted(table.methods[HEADS], judged, some)
        found.append(table.measure(f"dead_accepted.{kind}", accepted))
    for k, layer in enumerate(judged.layers):
        some = judged.dead_layer == k
        if some.any():
            area = route_methods.death(
                [s.death for s in said], [s.dead_death for s in said], judged, some
            )
            found.append(table.measure(f"death.layer.{layer}", area))
    for name, method in table.methods.items():
        if name != HEADS and name != "oracle":
            doubt = ([-s for s in method.real], [-s for s in method.dead])
            area = route_methods.death(*doubt, judged, every)
            found.append(table.measure(f"death.all.{name}", area))
    return found


def gate_measures(table: Table, candidate: str, baselines: Sequence[str]) -> list[Measure]:
    """Return what the gates are about, for heads or for a control in their place.

    False accepts and accepted dead states count at more coverage than the best baseline's own
    certificate only: who refuses everything makes no mistake, and has shown nothing.
    """
    judged, best = table.judged, table.best(baselines)
    rivals = table.certified[best["coverage"]]["coverage"]
    own = table.certified[candidate]
    behind = resample.minus(rivals, own["coverage"])
    found = [
        table.measure("augrc", resample.minus(table.augrc[candidate], table.augrc[best["augrc"]])),
        table.measure("coverage.behind", behind),
    ]
    if table.value(behind) < 0:
        found.append(table.measure("false_accepts", own["false_accepts"]))
        if len(judged.kind):
            every = np.ones(len(judged.kind), bool)
            accepted = route_methods.dead_accepted(table.methods[candidate], judged, every)
            damaged = len(np.unique(judged.dead_row))
            found.append(table.measure("dead_accepted", accepted, damaged))
    return found


def ruled(
    table: Table,
    gates: Sequence[Gate],
    baselines: Sequence[str],
    controls: Mapping[str, Sequence[Measure]],
) -> tuple[list[Measure], list[Ruling], dict[str, list[dict[str, Any]]]]:
    """Return the gates' measures and verdicts, and what each control gets from the same gates."""
    measures = gate_measures(table, HEADS, baselines)
    asked = [gate for gate in gates if gate.name != "controls"]
    verdicts = {name: [r.row() for r in rule(asked, found)] for name, found in controls.items()}
    passed = sum(row["verdict"] == "passed" for rows in verdicts.values() for row in rows)
    count = Estimate(passed, passed, passed, len(controls))
    measures.append(Measure("controls", count))
    return measures, rule(gates, measures), verdicts


def seed_rows(table: Table, baselines: Sequence[str]) -> list[dict[str, Any]]:
    """Return what each seed alone makes of the split."""
    judged, heads, best = table.judged, table.methods[HEADS], table.best(baselines)
    rows = []
    for i, threshold in enumerate(heads.thresholds):
        one = Method(str(i), [heads.real[i]], [heads.dead[i]], [threshold], True)
        area = route_methods.over_layers(resample.augrc, one, judged)
        parts = {"augrc": resample.minus(area, table.augrc[best["augrc"]])}
        parts |= route_methods.certified(one, judged)
        row: dict[str, Any] = {"threshold": threshold if np.isfinite(threshold) else None}
        for name, statistic in parts.items():
            found = estimate(statistic, judged.groups)
            row |= {name: found.value, f"{name}.low": found.low, f"{name}.high": found.high}
        rows.append(row)
    return rows


def pictures(table: Table, baselines: Sequence[str]) -> dict[str, Any]:
    """Return the data of plots: risk and coverage of policies and layers, reliability, depth."""
    best = table.best(baselines)["augrc"]
    shown = list(dict.fromkeys([HEADS, best, "max_prob", "margin", "fixed", "oracle", "random"]))
    methods: Mapping[str, Method] = table.methods
    right = table.judged.agree.ravel()
    sure = [m for m in methods.values() if m.probability and m.name in (HEADS, best, "max_prob")]
    return {
        "policy": {n: route_methods.curve(methods[n], table.judged) for n in shown if n in methods},
        "layers": {n: route_methods.layer_curves(methods[n], table.judged) for n in (HEADS, best)},
        "depth": {n: route_methods.exits_by_depth(methods[n], table.judged) for n in (HEADS, best)},
        "reliability": {m.name: selective.reliability(m.real[0].ravel(), right) for m in sure},
    }
