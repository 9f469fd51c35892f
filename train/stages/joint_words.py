"""Stage 6's evaluation for a reader: a document in, tables, titles and sentences out."""

from typing import Any

from train.eval.gates import interval
from train.stages.closing import closing
from train.stages.whole_words import WORDS

Document = dict[str, Any]
TARGETS = {name: f"{what}, new ÷ before, {better}" for name, (what, better) in WORDS.items()}
ROWS = {
    "cross_entropy": "cross-entropy of reference answers",
    "kl.depth": "KL at half depth",
    "kl.transfer": "KL after resuming",
    "augrc": "AUGRC of the heads",
    "macro_ap": "macro average precision",
    "work": "work a token, share of full depth",
    "parameters": "weights read a right token",
}


def shown(document: Document, facts: Document) -> Document:
    """Return `title`, `names`, `tables` and `words` of a document."""
    title = f"{document['run_id']} on {document['pack']}, {document['tokens']:,} answer tokens"
    tables = [levels(document) | {"title": title}, changes(document)]
    names = ROWS | TARGETS
    return {"title": title, "names": names, "tables": tables, "words": words(document, facts)}


def levels(document: Document) -> Document:
    """Return a row a measure: the bundle before, and the one that came out."""
    found = {m["name"]: m["value"] for m in document["measures"]}
    rows = [
        [word, *(f"{found[f'{name}.{side}']:.4f}" for side in ("before", "now"))]
        for name, word in ROWS.items()
        if f"{name}.now" in found
    ]
    return {"columns": ["", "before", "now"], "rows": rows}


def changes(document: Document) -> Document:
    """Return a row a difference, with its interval."""
    wanted = [*ROWS, *TARGETS, "general_text", "false_accepts", "dead_accepted"]
    found = {m["name"]: m for m in document["measures"]}
    rows = [
        [{**ROWS, **TARGETS}.get(name, name), interval(found[name]), found[name]["n"]]
        for name in wanted
        if name in found
    ]
    return {"title": "what changed", "columns": ["", "change", "n"], "rows": rows}


def words(document: Document, facts: Document) -> list[str]:
    """Return the result in sentences."""
    said = [outcome(facts)]
    if document["improved"]:
        said.append("Improved: " + "; ".join(WORDS[name][0] for name in document["improved"]) + ".")
    else:
        said.append("None of the architecture's targets improved. Energy: no machine tells it yet.")
    if facts["left_out"]:
        said += [f"{run} was left out: {why}." for run, why in facts["left_out"].items()]
    return said + closing(document)


def outcome(facts: Document) -> str:
    """Return which state was kept, and why the run ended."""
    kept = facts["best_step"]
    state = "the start itself: nothing moved" if not kept else f"that of step {kept}"
    said = f"The state that was kept is {state}."
    return f"{said} The run ended early: {facts['reason']}." if facts.get("reason") else said
