"""Two runs side by side: what they were told, what they came to, and how far they differ.

Differences have an interval where both were evaluated on the same prompts of one pack and split and
their documents hold a value a prompt; everything else is shown as it was measured.
"""

from pathlib import Path
from typing import Any

from train.eval.statistics import paired_difference
from train.stages import runs
from warehouse.errors import AgpError

ABOUT = ("stage", "model", "model_digest", "base_run_id", "build_id", "capture_id", "pack")
ENDED = ("state", "steps", "best_loss", "best_step", "seconds", "trainable")
SUMS = ("tuned", "kl")  # what a prompt's row of an evaluation calls the sum over its tokens


def compare(first: Path, second: Path) -> dict[str, Any]:
    """Return `facts` that differ, `ended`, and `evaluations` on the same pack and split."""
    if first == second:
        raise AgpError(f"{first.name} is one run; give two")
    a, b = (runs.summary(run) for run in (first, second))
    told = [flat(facts) for facts in (a, b)]
    names = dict.fromkeys([*told[0], *told[1]])
    return {
        "runs": [first.name, second.name],
        "facts": [
            [name, told[0].get(name), told[1].get(name)]
            for name in names
            if told[0].get(name) != told[1].get(name)
        ],
        "ended": [[name, a.get(name), b.get(name)] for name in ENDED],
        "evaluations": [beside(*pair) for pair in pairs(first, second)],
    }


def flat(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what a run was told, in one row."""
    return {name: facts.get(name) for name in ABOUT} | facts.get("settings", {})


def pairs(first: Path, second: Path) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Return the evaluations that both runs have, by pack and split."""
    mine = {f.name for f in (first / "evaluations").glob("*.json")}
    both = sorted(f.name for f in (second / "evaluations").glob("*.json") if f.name in mine)
    read = runs.read_json
    return [(read(first / "evaluations" / n), read(second / "evaluations" / n)) for n in both]


def beside(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any]:
    """Return the measures that both evaluations have, and second − first paired by prompt."""
    other = {m["name"]: m["value"] for m in b["measures"]}
    rows = [[m["name"], m["value"], other[m["name"]]] for m in a["measures"] if m["name"] in other]
    return {"pack": a["pack"], "split": a["split"], "measures": rows, "paired": paired(a, b)}


def paired(a: dict[str, Any], b: dict[str, Any]) -> dict[str, Any] | None:
    """Return the paired difference a token with its interval; None without prompts in common."""
    left, right = ({p["id"]: p for p in doc.get("prompts", [])} for doc in (a, b))
    common = [i for i in left if i in right and left[i]["tokens"] == right[i]["tokens"]]
    key = next((k for k in SUMS if common and k in left[common[0]] and k in right[common[0]]), None)
    if key is None:
        return None
    found = paired_difference(
        [right[i][key] for i in common],
        [left[i][key] for i in common],
        [left[i]["tokens"] for i in common],
        [left[i].get("group", i) for i in common],
    )
    return {"of": key, "value": found.value, "low": found.low, "high": found.high, "n": found.n}
