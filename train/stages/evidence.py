"""Everything a decision rests on, gathered and checked: a run in, its evidence out.

What was measured must be what lies there now: weights, numbers, gates, dataset and base model are
each held against the hash, or the copy in the warehouse, that was taken when they were made.
"""

import json
from pathlib import Path
from typing import Any

from train.eval.promote import check_verdicts, tampered
from train.harness.capture import read_manifest
from train.model.digest import file_sha256, model_digest
from train.model.load import model_folder
from train.stages import checkpoint, runs
from train.stages.record import number
from train.stages.runs import captures_folder
from warehouse.errors import AgpError
from warehouse.store import open_reader


def gather(run: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Return a run's facts, its evaluations on the test split, and limitations in words.

    AgpError in one line where there is nothing to decide on, or something is not as it was made.
    """
    facts = runs.summary(run)
    if facts["state"] not in ("finished", "early"):
        raise AgpError(f"run {run.name} is {facts['state']}, not finished: agp train resume")
    documents = [runs.read_json(file) for file in sorted((run / "evaluations").glob("*-test.json"))]
    if not documents:
        raise AgpError(f"{run.name} was not measured on a test split: agp eval {run.name}")
    artifact = checkpoint.digest(run / "best")
    texts = gate_texts(run)
    for document in documents:
        if document.get("artifact_sha256") != artifact:
            raise tampered(document, "it was measured on other weights than those that lie there")
        text = texts.get(document["gates_digest"])
        if text is None:
            raise tampered(document, "no look at the test split was written down under its gates")
        check_verdicts(document, text, run / "openings.jsonl")
        check_copy(document)
    gone = [*check_parents(facts), *check_captures(facts)]
    return facts, documents, [*gone, *limitations(facts, documents)]


def gate_texts(run: Path) -> dict[str, str]:
    """Return the gates' texts that were written down when the test split was opened, by digest."""
    try:
        lines = (run / "openings.jsonl").read_text(encoding="utf-8").splitlines()
        return {row["gates_digest"]: row["gates"] for row in map(json.loads, lines)}
    except (OSError, ValueError, KeyError) as error:
        raise AgpError(f"cannot read {run / 'openings.jsonl'} ({error}); measure it anew") from None


def check_copy(document: dict[str, Any]) -> None:
    """Raise AgpError unless the warehouse holds the very numbers of an evaluation."""
    key = [document["run_id"], document["pack"]]
    with open_reader() as con:
        gates = con.execute(
            "select name, verdict, value, low, high, n from gates where run_id = ? and pack = ? "
            "order by position",
            key,
        ).fetchall()
        measures = con.execute(
            "select name, value, low, high, n from metrics "
            "where run_id = ? and pack = ? and split = 'test' and not own",
            key,
        ).fetchall()
    values = ("value", "low", "high")
    ours = [
        (g["name"], g["verdict"], *(number(g[k]) for k in values), g["n"])
        for g in document["gates"]
    ]
    if gates != ours:
        raise tampered(document, "the warehouse holds other verdicts")
    wrote = [(m["name"], *(number(m[k]) for k in values), m["n"]) for m in document["measures"]]
    if sorted(measures, key=repr) != sorted(wrote, key=repr):
        raise tampered(document, "the warehouse holds other numbers")


def check_parents(facts: dict[str, Any]) -> list[str]:
    """Raise AgpError where model or dataset are others than the run's; return what is gone."""
    gone = []
    source = "tiny" if facts["model"] == "tiny" else facts.get("model_path", facts["model"])
    if source != "tiny" and not Path(source).exists():
        gone.append(f"the base model {source} is no longer there")
    elif model_digest(model_folder(source)) != facts["model_digest"]:
        raise AgpError(f"{source} is not the model that {facts['run_id']} began with")
    for name, digest in facts.get("data_digests", {}).items():
        file = Path(facts["data"]) / name
        if not file.is_file():
            gone.append(f"{name} of the dataset {facts['data']} is no longer there")
        elif file_sha256(file) != digest:
            raise AgpError(f"{file} is not what {facts['run_id']} was trained on; build it anew")
    return gone


def captures_of(facts: dict[str, Any]) -> dict[str, str]:
    """Return the captures that a run learned from, each with the sha-256 of its manifest."""
    if "capture_digest" in facts:
        return {facts["capture_id"]: facts["capture_digest"]}
    return dict(facts.get("captures") or {})


def check_captures(facts: dict[str, Any]) -> list[str]:
    """Raise AgpError where a capture is not the run's, to the byte; return what is gone."""
    gone = []
    for name, digest in captures_of(facts).items():
        own = Path(facts.get("capture") or "")
        folder = own if own.name == name else captures_folder() / name
        if not (folder / "manifest.json").is_file():
            gone.append(f"the capture {name} is no longer there")
        elif file_sha256(folder / "manifest.json") != digest or damaged(folder):
            raise AgpError(f"{folder} is not what {facts['run_id']} was trained on; capture anew")
    return gone


def damaged(folder: Path) -> bool:
    """Say whether a shard of a capture is not as its manifest names it."""
    for note in read_manifest(folder)["shards"]:
        file = folder / note["shard"]
        if not file.is_file() or file_sha256(file) != note["sha256"]:
            return True
    return False


def limitations(facts: dict[str, Any], documents: list[dict[str, Any]]) -> list[str]:
    """Return in words what the evidence does not show."""
    said = []
    if facts.get("dirty"):
        said.append("the code had changes that were not committed")
    if facts.get("commit") is None:
        said.append("the code was no checkout, so no commit names it")
    for document in documents:
        few = [g["name"] for g in document["gates"] if g["verdict"] == "too_few"]
        if few:
            said.append(f"too few to tell on {document['pack']}: {', '.join(few)}")
        if document["openings"]["of_run"] > 1:
            times = document["openings"]["of_run"]
            said.append(f"the test split of {document['pack']} was read {times} × for this run")
    return said
