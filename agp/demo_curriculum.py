"""The second half of the demo: the decision over the adapter, and the walk through later stages."""

import json

from agp.demo_guide import Guide

# Few prompts, tokens and split layers: enough to see every stage, too few to prove one.
SETTINGS = ("--set", "5.layers=4,6", "--set", "5.valid_prompts=8")
FEW = ("--most", "24", "--length", "16", "--answers", "2", *SETTINGS)


def decide(guide: Guide) -> None:
    """Promote, hold or reject."""
    guide.step(
        "A decision, with its evidence",
        "Gates, numbers, weights, dataset and model are held against what was written down when "
        "they were made. Holding back or rejecting is a result that is kept as well.",
    )
    guide.run("promote", adapter(guide), lines=30, last=6)


def curriculum(guide: Guide) -> None:
    """Stages 0 to 6."""
    guide.step(
        "The curriculum",
        "Where could the model stop early, and would heads know it? Every stage is measured "
        "against its baselines and gates. The walk stops at a failed gate; here it is told to go "
        "on, so that all stages are seen: what comes after a failed gate is unproven.",
    )
    data = {lane: newest(guide, lane) for lane in ("sft", "semantic")}
    named = ("--data", data["sft"], "--semantic", data["semantic"])
    guide.run_apart(
        "train", "run", "all", "--on", adapter(guide), *named, *FEW, "--go-on", lines=60
    )


def lanes(guide: Guide) -> None:
    """All four datasets."""
    guide.step(
        "Four datasets",
        "The tuned model reads prompts of held-out sessions. What it knew on the way up, and where "
        "an oracle would have stopped, stand beside the exchanges (routing); its states, and what "
        "it went on to say, are the fourth.",
    )
    asked = ("--pack", "history", "--splits", "heads,valid,test", "--most", "12", "--length", "8")
    guide.run_apart("train", "capture", "--adapter", adapter(guide), *asked, lines=6)
    guide.run("lanes", "build", "routing", lines=12)
    built = json.loads(guide.quietly("lanes", "list", "--json"))
    [routing] = [one["build_id"] for one in built if one["lane"] == "routing"][-1:]
    guide.run("lanes", "show", routing, "heads:0", lines=16)
    guide.run("lanes", "build", "all", lines=12, last=8)


def decision(guide: Guide) -> None:
    """The last run's decision, and where it came from."""
    run = guide.rows("select run_id from v_runs order by started_at desc limit 1")[0]["run_id"]
    guide.step("And of the last stage?", "A tiny model promises little; the record says what.")
    guide.run("promote", run, lines=40, last=6)
    guide.run("promotions", "list")
    if guide.rows(f"select 1 as joint from v_runs where run_id = '{run}' and stage = 6"):
        guide.run("rollback", run)


def adapter(guide: Guide) -> str:
    """Return the stage-1 run."""
    found = guide.rows("select max(run_id) as run_id from v_runs where stage = 1")
    return found[0]["run_id"]


def newest(guide: Guide, lane: str) -> str:
    """Return the folder of a lane's newest dataset."""
    built = json.loads(guide.quietly("lanes", "list", "--json"))
    return [one["path"] for one in built if one["lane"] == lane][-1]
