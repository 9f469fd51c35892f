"""A stage-4 run measured: its projection against baselines and controls, and whether it is of use.

Order matters: baselines are fitted on the splits that the run learned from and chosen on valid, the
gates are hashed and the look is counted, and only then is the test split read: its texts, and its
prompts of the capture that usefulness is measured on.
"""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from train.eval import gates, stage4, usefulness
from train.eval.stage1 import Measure, rule
from train.eval.stage4 import SEMANTIC
from train.eval.statistics import Estimate
from train.stages import critical, runs, semantic_use, semantic_words
from train.stages.evaluations import Options, Tick
from train.stages.record import open_test
from train.stages.semantic_fit import Fitted, fit
from train.stages.semantic_table import Table, measures
from train.stages.stage4 import CONTROL
from warehouse.errors import AgpError

UNTRAINED = usefulness.UNTRAINED


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure, decide, stamp the run's state; return the document.

    `begin` hears once how often `tick` will be called.
    """
    facts = runs.summary(run)
    fixed = gates.load_gates(options.gates or stage4.GATES)
    begin(3)
    fitted = fit(run, facts)
    folder = capture_of(facts, options)
    identity = fitted.source.identity
    capture = (
        semantic_use.usable(folder, f"run {run.name}", identity, options.split) if folder else None
    )
    tick()
    build = facts["build_id"] or Path(facts["data"]).name
    head = {k: facts[k] for k in ("run_id", "stage", "model")} | {
        "pack": f"semantic {build}",
        "pack_digest": pack_digest(facts),
        "split": options.split,
        "gates_digest": fixed.digest,
    }
    head["openings"] = open_test(run, head, fixed.text) if options.split == "test" else None
    table = measures(fitted, options.split)
    tick()
    found, use = [], {}
    if folder and capture:
        found, use = use_measures(folder, capture, fitted, options.split)
    tick()
    document = head | decided(fixed.gates, table, found, use)
    document["capture_id"] = capture["capture_id"] if capture else None
    document |= semantic_words.shown(document, facts)
    if options.split == "test":
        critical.stamp(run, bool(document["critical"]), document["critical_because"])
    return document


def pack_digest(facts: Mapping[str, Any]) -> str:
    """Return what names the texts that are measured on: the hash of the build's test split."""
    name = "test.jsonl"
    if name not in facts["data_digests"]:
        raise AgpError(f"{facts['data']} has no {name}: a history too small to hold a split out")
    return facts["data_digests"][name][:16]


def capture_of(facts: Mapping[str, Any], options: Options) -> Path | None:
    """Return the capture that use is measured on: the one named now, or when the run began."""
    named = facts.get("use_capture")
    return options.capture or (Path(named) if named else None)


def use_measures(
    folder: Path, capture: Mapping[str, Any], fitted: Fitted, split: str
) -> tuple[list[Measure], dict[str, Measure]]:
    """Return both tests of use on a capture, of the first seed and of the control."""
    [layer] = fitted.source.identity.layers
    read = {
        SEMANTIC: fitted.members[fitted.seeds[0]],
        CONTROL: fitted.members[CONTROL],
        UNTRAINED: fitted.members[UNTRAINED],
    }
    parts = {
        name: semantic_use.positions(folder, capture, layer, name, read)
        for name in ("heads", "valid", split)
    }
    return usefulness.both_tests(parts, split, (SEMANTIC, CONTROL))


def decided(
    asked: Any, table: Table, found: list[Measure], use: Mapping[str, Measure]
) -> dict[str, Any]:
    """Return measures, verdicts, what the control gets from the same gates, and the stamp."""
    own = table.gated[SEMANTIC] + [use[n] for n in (SEMANTIC,) if n in use]
    rival = table.gated[CONTROL] + [use[n] for n in (CONTROL,) if n in use]
    learned = [g for g in asked if g.name in {m.name for m in rival}]
    control = [r.row() for r in rule(learned, rival)]
    passed = sum(row["verdict"] == "passed" for row in control)
    if learned:
        own.append(Measure("controls", Estimate(passed, passed, passed, 1)))
    rulings = [r.row() for r in rule(asked, own)]
    verdicts = {row["name"]: row["verdict"] for row in rulings}
    measures = [*own, *table.measures, *found]
    return {
        "texts": table.split.groups.prompts,
        "labels": table.labels,
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": rulings,
        "controls": {CONTROL: control},
        "critical": verdicts.get("use") == "passed" and not passed,
    }
