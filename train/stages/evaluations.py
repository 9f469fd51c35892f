"""Every stage's evaluation behind one call: a run in, a document of numbers and verdicts out.

A stage's evaluation is a module with `evaluate(run, options, begin, tick)`. Its document holds
`run_id`, `stage`, `pack`, `split`, `measures` (name, value, low, high, n), `names` (what a measure
is called in the table), `gates` (as `train.eval.gates` rules on them), `title` and `words` (the
result in sentences); `openings` where the test split was read, `answers` where prompts were
answered, `tables` (title, columns, rows) where they say it better than a row a measure.
"""

import importlib
from collections.abc import Callable, Collection
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from train.eval.gates import Gates, asked_of, load_gates
from train.harness.packs import pack_digest, read_about
from train.stages import checkpoint
from train.stages.record import open_test, record
from train.stages.runs import summary, write_json
from warehouse.errors import AgpError

EVALUATIONS = {  # stage → module
    1: "train.stages.evaluate",
    2: "train.stages.evaluate_heads",
    3: "train.stages.evaluate_depth",
    4: "train.stages.evaluate_semantic",
    5: "train.stages.evaluate_transfer",
    6: "train.stages.evaluate_joint",
}

Tick = Callable[[], None]


@dataclass(frozen=True)
class Options:
    """What the command line leaves to choose; a stage reads what concerns it."""

    pack: Path
    split: str = "test"
    gates: Path | None = None  # none: those that ship for the stage
    subset: Path | None = None  # the run of the random-subset baseline (stage 1)
    answers: int = 40
    max_tokens: int = 64
    length: int = 64  # tokens that full depth goes on by, read at once (stages 3, 5)
    most: int = 1000
    run_code: bool = False
    capture: Path | None = None  # stage 2: where its own lacks the split; stage 4: to be of use on
    untuned: Path | None = None  # a capture of the base that the run's adapter tuned (stage 2)


def evaluate(
    run: Path, options: Options, begin: Callable[[int], None], tick: Tick
) -> dict[str, Any]:
    """Measure a run as its stage is measured, write the document and bring it into the warehouse.

    AgpError where nothing measures the stage, or the run has nothing to measure.

    `begin` hears once how often `tick` will be called.
    """
    facts = summary(run)
    stage = facts["stage"]
    if stage not in EVALUATIONS:
        known = ", ".join(map(str, EVALUATIONS))
        raise AgpError(f"{run.name} is a run of stage {stage}; `agp eval` measures stages {known}")
    if not (run / "best").exists():
        raise AgpError(f"run {run.name} has no checkpoint yet; `agp train resume {run.name}`")
    artifact = checkpoint.digest(run / "best")
    document = importlib.import_module(EVALUATIONS[stage]).evaluate(run, options, begin, tick)
    document["artifact_sha256"] = artifact
    (run / "evaluations").mkdir(exist_ok=True)
    file = f"{document['pack_digest']}-{document['split']}.json"
    write_json(run / "evaluations" / file, document)
    record(document)
    return document


def opened(
    run: Path,
    facts: dict[str, Any],
    options: Options,
    shipped: Path,
    parts: Collection[str] | None = None,
) -> tuple[Gates, dict[str, Any]]:
    """Fix the gates, count the look at the test split, and return both; no prompt is read before.

    The second is the head of the document: run, stage, model, pack, split, digests, openings.
    Gates of a part that is not among `parts` are not asked.
    """
    fixed = load_gates(options.gates or shipped)
    if parts is not None:
        fixed = asked_of(fixed, parts)
    about = read_about(options.pack)
    head = {k: facts[k] for k in ("run_id", "stage", "model")} | {
        "pack": str(about.get("name", options.pack.name)),
        "pack_digest": pack_digest(about),
        "split": options.split,
        "gates_digest": fixed.digest,
    }
    head["openings"] = open_test(run, head, fixed.text) if options.split == "test" else None
    return fixed, head
