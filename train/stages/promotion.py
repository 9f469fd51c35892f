"""The decision over a run, written down: a run in, a record in a folder and the warehouse out.

Hold and reject are as well kept as promote. A record is named by the hash of its evidence, so the
same evidence decides once, whoever asks and however often.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from train.eval.promote import decide
from train.stages import evidence, evidence_bundle, kept_bundles, runs
from train.stages.decisions import promotions_folder
from train.stages.promotion_page import page
from warehouse.errors import AgpError
from warehouse.store import open_reader, open_writer

OF = ("run_id", "pack")  # which evaluation a gate or a number is of
WAIT = 30.0  # seconds for another writer to finish
HOW = ("command", "commit", "dirty", "lock", "host", "device", "blas", "versions", "python")
TRAINED = ("settings", "seconds", "steps", "tokens", "supervised", "trainable", "total_steps")


def promote(run: Path) -> dict[str, Any]:
    """Decide over a run or a bundle and keep the record; `new`: it was not decided before."""
    make_folder()
    with one_at_a_time():
        record = make_record(*gathered(run))
        folder = promotions_folder() / record["promotion_id"]
        new = not (folder / "record.json").exists()
        if new:
            keep(folder, record)
        else:
            record = runs.read_json(folder / "record.json")
        try:
            register(folder, record)
        except BaseException:
            if new:  # decided in both places, or not at all
                shutil.rmtree(folder, ignore_errors=True)
            raise
    return record | {"new": new, "path": str(folder)}


def gathered(run: Path) -> tuple[dict[str, Any], list[dict[str, Any]], list[str]]:
    """Return the evidence over a run or a bundle, checked."""
    if not kept_bundles.is_bundle(str(run)):
        return evidence.gather(run)
    kept = kept_bundles.keep(run)
    found = evidence_bundle.gather(kept)
    kept_bundles.register(kept)
    return found


def make_folder() -> None:
    """Make the folder of records; AgpError where that cannot be."""
    try:
        promotions_folder().mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise AgpError(f"cannot write records ({error}); nothing was decided") from None


@contextmanager
def one_at_a_time() -> Iterator[None]:
    """Hold the folder of records; AgpError where another process decides right now."""
    with (promotions_folder() / "lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise AgpError("another process is deciding over a run; try again") from None
        yield


def make_record(
    facts: dict[str, Any], documents: list[dict[str, Any]], limits: list[str]
) -> dict[str, Any]:
    """Return the record of `protocol.md`: decision, gates, digests, seeds, costs, limitations."""
    decision = decide(documents)
    record = {
        "run_id": facts["run_id"],
        "stage": facts["stage"],
        "parents": facts.get("parents", []),
        "decision": decision.word,
        "reason": decision.reason,
        "gates": [{**g, **{k: d[k] for k in OF}} for d in documents for g in d["gates"]],
        "gates_digests": {f"{d['run_id']} on {d['pack']}": d["gates_digest"] for d in documents},
        "evaluations": [measured(document) for document in documents],
        "artifact_sha256": facts.get("artifact_sha256") or documents[0]["artifact_sha256"],
        "dataset": dataset(facts),
        "model": {k: facts.get(k) for k in ("model", "model_digest", "tokenizer_digest")},
        "seed": facts["settings"].get("seed"),
        "trained": {k: facts.get(k) for k in TRAINED},
        "energy": next((d["energy"] for d in documents if d.get("energy")), None),
        "made_with": {k: facts.get(k) for k in HOW},
        "certificate": next((d["certificate"] for d in documents if d.get("certificate")), None),
        "limitations": limits,
        "reproduce": facts.get("reproduce")
        or [f"agp reproduce {facts['run_id']}", words(facts["command"])],
    }
    text = json.dumps(record, sort_keys=True, default=str).encode()
    return {"promotion_id": "p" + hashlib.sha256(text).hexdigest()[:15], **record}


def measured(document: dict[str, Any]) -> dict[str, Any]:
    """Return an evaluation's numbers: results, baselines and controls alike, and its openings."""
    keys = (*OF, "pack_digest", "split", "openings", "measures", "words")
    return {k: document[k] for k in keys}


def dataset(facts: dict[str, Any]) -> dict[str, Any]:
    """Return what the run was trained on: builds and captures with digests, and the split rule."""
    keys = ("data", "build_id", "data_digests", "rows")
    found = {k: facts[k] for k in keys if facts.get(k) is not None}
    if captures := evidence.captures_of(facts):
        found["captures"] = captures
    with open_reader() as con:
        rows = con.execute(
            "select lane, content_sha256, rule_set, parameters from lane_builds where build_id = ?",
            [facts.get("build_id")],
        ).fetchall()
    for lane, content, rules, parameters in rows:
        found |= {"lane": lane, "content_sha256": content, "rule_set": rules}
        found["parameters"] = json.loads(parameters)
    return found


def words(command: list[str]) -> str:
    """Return a command as one line."""
    return " ".join([Path(command[0]).name, *command[1:]])


def keep(folder: Path, record: dict[str, Any]) -> None:
    """Write record.json and record.md into a folder that is whole or not there."""
    part = folder.with_name(f".{folder.name}.{os.getpid()}")
    decided = datetime.now(UTC).isoformat(timespec="seconds")
    try:
        part.mkdir(exist_ok=True)
        runs.write_json(part / "record.json", record | {"decided_at": decided})
        (part / "record.md").write_text(page(record | {"decided_at": decided}), encoding="utf-8")
        os.replace(part, folder)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        raise AgpError(f"cannot write the record {folder} ({error}); nothing was decided") from None


def register(folder: Path, record: dict[str, Any]) -> None:
    """Bring a record into the warehouse, once."""
    kept = runs.read_json(folder / "record.json")
    decided = datetime.fromisoformat(kept["decided_at"]).astimezone(UTC).replace(tzinfo=None)
    keys = ("promotion_id", "run_id", "stage", "decision", "reason")
    row = [*(record[k] for k in keys), record["model"]["model"], record["dataset"].get("build_id")]
    row += [record["artifact_sha256"], json.dumps(kept), str(folder), decided]
    with open_writer(wait=WAIT) as con:
        con.execute("delete from promotions where promotion_id = ?", [record["promotion_id"]])
        con.execute(f"insert into promotions values ({', '.join('?' * 11)})", row)
