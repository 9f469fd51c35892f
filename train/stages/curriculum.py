"""The walk through the stages: a model, datasets and a pack in, a run of each and verdicts out.

Between two stages stand gates. A failed one stops the walk with its evidence; a part that others
can do without may be left out, or stay unproven, when that is asked for. The walk is written down
after every step, so the same command goes on where it stopped, also after a kill within a run.
"""

import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from train.harness.packs import pack_digest, read_about
from train.model.digest import model_digest
from train.model.load import model_folder
from train.stages import (
    bundles,
    captures,
    checkpoint,
    evaluations,
    loop,
    register,
    runs,
    stage,
    stage0,
    training,
    walk_end,
)
from train.stages.samples import data_digests
from train.stages.walk_plan import PARTS, SPLITS, Plan, Show, Stop
from warehouse.errors import AgpError
from warehouse.home import agp_home

BUILT_ON = {4: (1,), 5: (2,), 6: (1, 2, 3, 4, 5)}  # whose runs a stage reads, beside the capture


def walk(plan: Plan, show: Show, stopped: Callable[[], bool]) -> dict[str, Any]:
    """Walk, or go on; return the walk's document: its state is finished, failed or stopped."""
    if unknown := [name for name in plan.without if name not in PARTS]:
        raise AgpError(f"no part {', '.join(unknown)}; there are {', '.join(PARTS)}")
    folder = folder_of(plan)
    folder.mkdir(parents=True, exist_ok=True)
    with runs.held(folder):
        document = opened(folder, plan)
        try:
            return through(plan, document, folder, show.heeding(stopped))
        except Stop:
            return keep(folder, document, state="stopped")


def through(plan: Plan, document: dict[str, Any], folder: Path, show: Show) -> dict[str, Any]:
    """Take the steps that are not done yet, up to the end, a failed gate or a stop."""
    for number in [0, *plan.stages]:
        done = document["steps"].get(str(number))
        if done is None or done["state"] != "done":
            done = one(number, plan, document, folder, show)
            keep(folder, document, number, done)
            show.verdict(done)
        if done["state"] != "done":
            return keep(folder, document, number, done, state="stopped")
        if done["verdict"] == "failed" and not plan.go_on:
            return keep(folder, document, number, done, state="failed")
    document["whole"] = whole(plan, document, folder, show)
    return keep(folder, document, state="finished")


def whole(plan: Plan, document: dict[str, Any], folder: Path, show: Show) -> dict[str, Any]:
    """Return what all that was trained is good for, beside stage 1 alone.

    What a joint finetune made of it counts where its gates were passed; else it is rolled back.
    """
    show.step("everything beside stage 1 alone")
    stages = [n for n in plan.stages if n in bundles.ROLES]
    joint = PARTS["joint"]
    if joint in plan.stages and document["steps"][str(joint)]["verdict"] == "passed":
        stages = [joint]  # it brings all parts, aligned to each other
    run_ids = [document["steps"][str(n)]["run_id"] for n in stages]
    options = evaluations.Options(plan.pack, answers=plan.answers)
    return walk_end.end(folder, run_ids, options, show.begin, show.tick)


def folder_of(plan: Plan) -> Path:
    """Return the walk's folder: named by all that is walked through, not by how far."""
    facts = {
        "model": model_digest(model_folder(plan.model)),
        "sft": data_digests(plan.sft),
        "semantic": data_digests(plan.semantic) if plan.semantic else None,
        "pack": pack_digest(read_about(plan.pack)),
        "adapter": plan.adapter.name if plan.adapter else None,
        "numbers": [plan.most, plan.length, plan.answers, sorted(plan.changes)],
    }
    name = hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()[:15]
    return agp_home() / "walks" / f"w{name}"


def opened(folder: Path, plan: Plan) -> dict[str, Any]:
    """Return the walk's document as far as it is written."""
    file = folder / "walk.json"
    found = runs.read_json(file) if file.exists() else {"walk_id": folder.name, "steps": {}}
    return found | {"without": list(plan.without), "go_on": plan.go_on, "path": str(folder)}


def keep(
    folder: Path,
    document: dict[str, Any],
    number: int | None = None,
    done: dict[str, Any] | None = None,
    state: str = "walking",
) -> dict[str, Any]:
    """Write the walk down with a step's result; return it."""
    if number is not None:
        document["steps"][str(number)] = done
    document["state"] = state
    runs.write_json(folder / "walk.json", document)
    return document


def one(
    number: int, plan: Plan, document: dict[str, Any], folder: Path, show: Show
) -> dict[str, Any]:
    """Take one step: train the stage, or go on with its run, and hold it against its gates."""
    if number == 0:
        show.step("stage 0: what do the base model's layers know?")
        run, _, found = stage0.run(plan.captured(), show.begin, show.tick)
        return result(run, found)
    if number == 1 and plan.adapter:
        return measured(plan.adapter, plan, show)
    show.step(f"stage {number}: training")
    begun = document["steps"].get(str(number))
    if begun and begun["state"] == "training":
        run = runs.find_run(begun["run_id"])
        ready, progress = training.resume(run, "last")
    else:
        run, ready = stage.start(number, request(number, plan, document, show))
        progress = loop.Progress()
        keep(folder, document, number, {"state": "training", "run_id": run.name})
    register.register(run)
    try:
        state = training.train(run, ready, progress, show.watch, show.stopped)
    finally:
        register.register(run)
    if state == "stopped":
        return {"state": "training", "run_id": run.name}
    return measured(run, plan, show)


def measured(run: Path, plan: Plan, show: Show) -> dict[str, Any]:
    """Return the step of a trained run: its evaluation on the test split, unless it is there.

    A run of stage 1 may have been measured on other packs; later stages have one test split each.
    """
    wanted, artifact = pack_digest(read_about(plan.pack)), checkpoint.digest(run / "best")
    for file in sorted((run / "evaluations").glob("*-test.json")):
        found = runs.read_json(file)
        here = found["stage"] > 1 or found["pack_digest"] == wanted
        if here and found.get("artifact_sha256") == artifact:
            return result(run, found)
    show.step(f"{run.name}: measuring")
    options = evaluations.Options(
        plan.pack, answers=plan.answers, most=plan.most, length=plan.length
    )
    return result(run, evaluations.evaluate(run, options, show.begin, show.tick))


def request(number: int, plan: Plan, document: dict[str, Any], show: Show) -> stage.Request:
    """Return what a stage is started with: its dataset, the tuned model's capture, the runs before.

    The capture is made when the first stage asks for it, of the model with stage 1's adapter.
    """
    changes = tuple(change for n, change in plan.changes if n == number)
    if number == 1:
        return stage.Request(plan.model, plan.sft, changes=changes)
    done = {int(n): s["run_id"] for n, s in document["steps"].items() if s["state"] == "done"}
    before = [runs.find_run(done[n]) for n in BUILT_ON.get(number, ()) if n in done]
    show.step(f"stage {number}: the tuned model's states")
    wanted = replace(plan.captured(), adapter=runs.find_run(done[1]), splits=SPLITS)
    captured = captures.make(wanted, show.begin, show.tick)
    data = plan.semantic if number == PARTS["semantic"] else None
    return stage.Request(plan.model, data, (captured,), tuple(before), changes)


def result(run: Path, document: dict[str, Any]) -> dict[str, Any]:
    """Return a finished step: its run, its gates, and the verdict over all of them."""
    gates = [
        {k: g[k] for k in ("name", "rule", "value", "low", "high", "n", "verdict")}
        for g in document["gates"]
    ]
    return {
        "state": "done",
        "stage": document["stage"],
        "run_id": run.name,
        "verdict": verdict(gates),
        "gates": gates,
    }


def verdict(gates: Sequence[dict[str, Any]]) -> str:
    """Return the verdict over gates: failed if one failed, too_few if one could not tell.

    >>> verdict([{"verdict": "passed"}, {"verdict": "too_few"}])
    'too_few'
    """
    found = {gate["verdict"] for gate in gates}
    return next((word for word in ("failed", "too_few") if word in found), "passed")
