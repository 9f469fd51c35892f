"""Stage 1's table: what a base and its adapter made of one plan in, measures and verdicts out."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from train.eval.gates import Gate
from train.eval.selection import Passed
from train.eval.statistics import Estimate, paired_difference, relative_change, weighted_mean
from train.harness.drift import drift
from train.harness.measure import Score
from train.harness.observe import Observation


@dataclass(frozen=True)
class Measure:
    """A measured value; `counted` where a gate's `least` speaks of fewer than n."""

    name: str
    estimate: Estimate
    counted: int | None = None


@dataclass(frozen=True)
class Ruling:
    """A gate and what it said."""

    gate: Gate
    measure: Measure | None
    verdict: str

    def row(self) -> dict[str, Any]:
        """Return it as reports and the warehouse hold it; nothing measured has n = 0."""
        found = self.measure
        empty = {"value": None, "low": None, "high": None, "n": 0}
        values = asdict(found.estimate) if found else empty
        if found and found.counted is not None:
            values["n"] = found.counted
        rule = {"rule": self.gate.rule, "threshold": self.gate.threshold}
        return {"name": self.gate.name, **rule, **values, "verdict": self.verdict}


def nats(scores: Sequence[Score]) -> list[float]:
    """Return the summed cross-entropy of each prompt."""
    return [s.nats for s in scores]


def groups(scores: Sequence[Score]) -> list[str]:
    """Return which conversation each prompt is of."""
    return [s.group for s in scores]


def cross_entropy(name: str, scores: Sequence[Score]) -> Measure:
    """Return the mean cross-entropy a token."""
    return Measure(name, weighted_mean(nats(scores), [s.tokens for s in scores], groups(scores)))


def difference(name: str, scores: Sequence[Score], against: Sequence[Score]) -> Measure:
    """Return scores − against in nats a token, paired by prompt."""
    tokens = [s.tokens for s in scores]
    found = paired_difference(nats(scores), nats(against), tokens, groups(scores))
    return Measure(name, found)


def compare(
    base: Observation,
    tuned: Observation,
    others: Mapping[str, Sequence[Score]],
    passed: Passed,
) -> list[Measure]:
    """Return every measure of the table.

    `others` holds baselines and controls by name, scored on the same prompts; `passed` says for
    each kind of check which prompts (base, tuned) passed.
    """
    found = [
        cross_entropy("cross_entropy.untuned", base.scores),
        cross_entropy("cross_entropy.tuned", tuned.scores),
        *(cross_entropy(f"cross_entropy.{name}", scores) for name, scores in others.items()),
        difference("cross_entropy", tuned.scores, base.scores),
    ]
    for name, scores in others.items():
        gain = "control" if name == "control" else f"cross_entropy.minus.{name}"
        found.append(difference(gain, tuned.scores, scores))
    if "control" in others:
        found.append(difference("control.minus.untuned", others["control"], base.scores))
    if base.general:
        change = relative_change(nats(tuned.general), nats(base.general))
        found.append(Measure("general_text", change))
    found += [checks(kind, outcomes) for kind, outcomes in passed.items() if outcomes]
    n = len(base.states[0]) if base.states else 0
    cka = drift(base.states, tuned.states)
    return found + [Measure(f"cka.{i}", Estimate(c, c, c, n)) for i, c in enumerate(cka)]


def checks(kind: str, outcomes: Mapping[str, tuple[bool, bool]]) -> Measure:
    """Return how the share of prompts that pass a kind of check changed."""
    change = [float(tuned) - float(base) for base, tuned in outcomes.values()]
    estimate = weighted_mean(change, [1.0] * len(change))
    return Measure(f"checks.{kind}", estimate, sum(base for base, _ in outcomes.values()))


def rule(gates: Sequence[Gate], measures: Sequence[Measure]) -> list[Ruling]:
    """Return each gate's verdict; a gate whose value was not measured has too few."""
    named = {m.name: m for m in measures}
    rulings = []
    for gate in gates:
        found = named.get(gate.name)
        verdict = gate.verdict(found.estimate, found.counted) if found else "too_few"
        rulings.append(Ruling(gate, found, verdict))
    return rulings
