"""Stage 4's evaluation in words and tables: a document in, what a person reads out."""

from collections.abc import Mapping
from typing import Any

from train.eval.gates import interval
from train.eval.stage4 import POSITIVES
from train.stages.closing import closing

METHODS = {
    "semantic": "projection",
    "prior": "prior",
    "labelers": "keyword functions",
    "bag_of_words": "bag of words",
    "dense_probe": "dense probe",
    "shuffled": "shuffled labels (control)",
    "untrained": "untrained",
}
COLUMNS = ("macro_ap", "macro_ap.masked", "micro_ap", "micro_ap.masked")
OTHERS = {
    "ahead.bag_of_words": "macro AP masked, bag of words − projection",
    "ahead.dense_probe": "macro AP, dense probe − projection",
    "active": "share of units that are on",
    "stability.near": "Jaccard under words of training ÷ random pair",
    "stability.far": "Jaccard under other words ÷ random pair",
    "stability.masked": "Jaccard with keywords masked ÷ random pair",
    "agreement": "rank correlation of two seeds",
    "route.without": "AUGRC without",
    "route.untrained": "AUGRC with an untrained projection",
    "route.semantic": "AUGRC with the projection",
    "route.shuffled": "AUGRC with shuffled labels",
    "use.route.semantic": "AUGRC, change by the projection",
    "dead.without": "1 − AUROC of dead states without",
    "dead.untrained": "1 − AUROC with an untrained projection",
    "dead.semantic": "1 − AUROC with the projection",
    "dead.shuffled": "1 − AUROC with shuffled labels",
    "use.dead.semantic": "1 − AUROC, change by the projection",
}


def shown(document: Mapping[str, Any], facts: Mapping[str, Any]) -> dict[str, Any]:
    """Return `names`, `title`, `tables`, `words` and, of the stamp, `critical_because`."""
    because = reason(document)
    path = "On" if document["critical"] else "Off"
    title = f"{document['run_id']} on {document['pack']}, {document['texts']} texts"
    return {
        "names": OTHERS,
        "title": title,
        "tables": [method_table(document, title), other_table(document)],
        "critical_because": because,
        "words": [
            *labels(document, facts),
            f"{path} the critical path: {because}.",
            *closing(document),
        ],
    }


def method_table(document: Mapping[str, Any], title: str) -> dict[str, Any]:
    """Return average precision, a row a method; columns that were not measured are left out."""
    found = {m["name"]: m for m in document["measures"]}
    columns = [c for c in COLUMNS if f"{c}.semantic" in found]
    rows = [
        [word, *(cell(found[f"{column}.{name}"]) for column in columns)]
        for name, word in METHODS.items()
    ]
    heads = [c.replace("_ap", " AP").replace(".", ", ") for c in columns]
    return {"title": title, "columns": ["method", *heads], "rows": rows if columns else []}


def other_table(document: Mapping[str, Any]) -> dict[str, Any]:
    """Return everything else that was measured, a row each."""
    rows = [
        [OTHERS[m["name"]], cell(m, 4), m["n"]] for m in document["measures"] if m["name"] in OTHERS
    ]
    return {"title": "sparsity, stability, use", "columns": ["", "measured", "n"], "rows": rows}


def cell(measure: Mapping[str, Any], digits: int = 3) -> str:
    """Return a value with its interval."""
    value, low, high = (f"{measure[k]:.{digits}f}" for k in ("value", "low", "high"))
    return f"{value} [{low}, {high}]"


def reason(document: Mapping[str, Any]) -> str:
    """Return why a run is on the critical path or off it."""
    use = next((g for g in document["gates"] if g["name"] == "use"), None)
    if use is None or use["value"] is None:
        return "its use was not measured; name a capture of this model by --capture"
    if document["critical"]:
        return f"it improves routing or the finding of dead states ({interval(use)})"
    if use["verdict"] == "passed":
        return "it improves a judge, but shuffled labels pass a gate too"
    return f"neither routing nor dead states gain by it beyond chance ({interval(use)})"


def labels(document: Mapping[str, Any], facts: Mapping[str, Any]) -> list[str]:
    """Return how many labels could be measured, and what was learned from."""
    splits = " and ".join(facts["learned_from"])
    said = [f"Learned from {facts['rows']['learned']} texts of {splits}."]
    if document["labels"]:
        return [*said, f"Macro averages are of {', '.join(document['labels'])}."]
    return [
        *said,
        f"No label holds in {POSITIVES} texts of the {document['split']} split: macro average "
        "precision was not measured, and micro says mostly how common labels are.",
    ]
