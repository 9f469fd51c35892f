"""A stage-2 run measured: its heads against baselines and controls on one split of a capture.

Order matters: everything is fitted on the heads split, chosen on valid and certified on calib, the
gates are hashed and the look is counted, and only then is the test split read, once.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import mlx.core as mx
import numpy as np

from train.eval import gates, route_baselines, stage2
from train.eval.certificate import Promise
from train.eval.gates import Gate
from train.eval.judged import Judged
from train.eval.route_baselines import Scored
from train.eval.route_methods import NOTHING, Method
from train.model.heads import Heads, load_heads
from train.model.identity import refuse_foreign
from train.stages import certified, checkpoint, heads_words, runs
from train.stages.evaluations import Options, Tick
from train.stages.examples import Labelled, labelled, split_rows
from train.stages.judge import judge
from train.stages.record import open_test
from train.stages.stage2 import CONTROL, HeadSettings
from warehouse.errors import AgpError

UNTRAINED = "untrained"
CONTROLS = (CONTROL, UNTRAINED)


@dataclass(frozen=True)
class Fitted:
    """Everything that is fixed before the split is read."""

    members: dict[str, Heads]
    certificates: dict[str, dict[str, Any]]  # of every method
    models: dict[str, tuple[route_baselines.Model, bool]]
    constant: int  # the earliest candidate that errs least on the heads split

    @property
    def seeds(self) -> list[str]:
        """Return the names of the heads proper."""
        return [name for name in self.members if name not in CONTROLS]

    def threshold(self, name: str) -> float:
        """Return a method's certified threshold, or one that accepts nothing."""
        found = self.certificates[name]["threshold"]
        return NOTHING if found is None else float(found)


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure and decide; return the document.

    `begin` hears once how often `tick` will be called: once for each split that is read, and once
    for the table.
    """
    facts = ready(run)
    fixed = gates.load_gates(options.gates or stage2.GATES)
    own, source = captures_of(run, facts, options)
    base = untuned_of(own, options)
    begin(5)
    fitted = fit(run, own, facts, tick)
    head = {k: facts[k] for k in ("run_id", "stage", "model")} | {
        "pack": source.facts["pack"],
        "pack_digest": source.facts["pack_digest"],
        "capture_id": source.facts["capture_id"],
        "split": options.split,
        "gates_digest": fixed.digest,
    }
    head["openings"] = open_test(run, head, fixed.text) if options.split == "test" else None
    judged = judge(source, options.split, fitted.members)
    on_base = judge(base, options.split, fitted.members) if base else None
    tick()
    document = head | report(judged, fitted, fixed.gates, on_base)
    tick()
    document |= heads_words.shown(document)
    return document


def captures_of(run: Path, facts: dict[str, Any], options: Options) -> tuple[Labelled, Labelled]:
    """Return the capture that a run learned from, and the one that its split is read from.

    AgpError where they are of two models, or the second holds nothing of the split.
    """
    own = labelled(Path(facts["capture"]))
    source = labelled(options.capture) if options.capture else own
    refuse_foreign(f"run {run.name}", own.identity(), source.identity())
    if source.version != own.version or own.version != facts["label_version"]:
        raise AgpError(f"the oracle's thresholds changed since run {run.name} began; train anew")
    if not any(len(split_rows(note, options.split)) for note in source.facts["shards"]):
        raise AgpError(
            f"capture {source.facts['capture_id']} holds no prompt of the {options.split} split; "
            f"capture it (`agp train capture --splits heads,valid,calib,{options.split}`) and "
            "name that capture by --capture"
        )
    return own, source


def untuned_of(own: Labelled, options: Options) -> Labelled | None:
    """Return the capture of the untuned base, if one is named and is of the run's base."""
    if options.untuned is None:
        return None
    found = labelled(options.untuned)
    if own.identity().adapter_digest is None:
        raise AgpError("these heads are of an untuned model: --untuned is for those of a tuned one")
    refuse_foreign(
        "the base of the heads", replace(own.identity(), adapter_digest=None), found.identity()
    )
    return found


def ready(run: Path) -> dict[str, Any]:
    """Return the facts of a stage-2 run that has heads."""
    facts = runs.summary(run)
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no heads yet; `agp train resume {run.name}`")
    checkpoint.verify(run / "best")
    return facts


def fit(run: Path, own: Labelled, facts: dict[str, Any], tick: Tick) -> Fitted:
    """Fit and certify baselines and controls as the heads were, on the run's own capture."""
    settings = HeadSettings.model_validate(facts["settings"])
    members = load_heads(run / "best", own.identity())
    members[UNTRAINED] = untrained(next(iter(members.values())))
    certificates = dict(certified.read(run, own, settings)["heads"])
    heads, valid = (judge(own, split, members) for split in ("heads", "valid"))
    tick()
    models = route_baselines.fit(heads, valid)
    tick()
    scores = {"valid": everyone(valid, models)}
    held = any(len(split_rows(note, "calib")) for note in own.facts["shards"])
    calib = judge(own, "calib", members) if held else None
    if calib:
        scores["calib"] = everyone(calib, models)
        promise = Promise(settings.alpha, settings.delta, settings.method)
        for name in scores["calib"].keys() - certificates.keys():
            chosen, held_out = (scores[split][name].real for split in ("valid", "calib"))
            certificate = certified.of_scores(chosen, held_out, calib, promise)
            certificates[name] = certificate.document()
    else:
        refused = next(iter(certificates.values()))
        certificates |= {n: refused for n in scores["valid"] if n not in certificates}
    tick()
    return Fitted(members, certificates, models, constant_layer(heads))


def everyone(judged: Judged, models: Mapping[str, Any]) -> dict[str, Scored]:
    """Return the scores of baselines, of the oracle, and of all heads and controls by name."""
    found = route_baselines.apply(dict(models), judged)
    found["oracle"] = Scored(judged.agree.astype(float), np.zeros(len(judged.kind)))
    for name, said in judged.said.items():
        found[name] = Scored(said.confidence, said.dead_confidence, True)
    return found


def untrained(like: Heads) -> Heads:
    """Return heads of the same shape with random weights: a negative control."""
    mx.random.seed(1_000_003)
    made = Heads(like.shape)
    made.fit_scale(like.mean, like.scale)
    made.eval()
    return made


def constant_layer(heads: Judged) -> int:
    """Return the candidate nearest to the earliest layers of the heads split: their median."""
    return int(np.median(heads.earliest))


def methods_of(judged: Judged, fitted: Fitted) -> list[Method]:
    """Return heads (all seeds as one), baselines, controls and references with their thresholds."""
    scored, seeds = everyone(judged, fitted.models), fitted.seeds
    heads = Method(
        stage2.HEADS,
        [scored[s].real for s in seeds],
        [scored[s].dead for s in seeds],
        [fitted.threshold(s) for s in seeds],
        True,
    )
    others = [
        Method(n, [s.real], [s.dead], [fitted.threshold(n)], s.probability)
        for n, s in scored.items()
        if n not in seeds
    ]
    return [heads, *others]


def report(
    judged: Judged, fitted: Fitted, asked: Sequence[Gate], on_base: Judged | None
) -> dict[str, Any]:
    """Return measures, verdicts, controls, seeds and the data of plots for a split.

    `on_base` is the split as the untuned base's states show it to the same heads: a control.
    """
    seeds = fitted.seeds
    baselines = [name for name in fitted.models if name not in stage2.REFERENCES]
    table = stage2.Table(judged, methods_of(judged, fitted))
    controls = {name: stage2.gate_measures(table, name, baselines) for name in CONTROLS}
    if on_base:
        base = stage2.Table(on_base, methods_of(on_base, fitted))
        controls["untuned"] = stage2.gate_measures(base, stage2.HEADS, baselines)
    decided, rulings, verdicts = stage2.ruled(table, asked, baselines, controls)
    measures = [
        *decided,
        *stage2.method_measures(table),
        *stage2.label_measures(table, seeds, fitted.constant),
        *(stage2.dead_measures(table, seeds) if len(judged.kind) else ()),
    ]
    return {
        "positions": len(judged.agree),
        "layers": list(judged.layers),
        "n_layers": judged.n_layers,
        "best_baseline": table.best(baselines),
        "measures": [{"name": m.name, **asdict(m.estimate)} for m in measures],
        "gates": [r.row() for r in rulings],
        "controls": verdicts,
        "certificates": fitted.certificates,
        "seeds": dict(zip(seeds, stage2.seed_rows(table, baselines), strict=True)),
        "plots": stage2.pictures(table, baselines),
    }
