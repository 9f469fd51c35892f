"""Certificates of a run's heads: the calibration split read once, a document beside the weights."""

from pathlib import Path
from typing import Any

import numpy as np

from train.eval import policy
from train.eval.certificate import Certificate, Promise, certify
from train.eval.judged import Judged
from train.model.digest import file_sha256
from train.model.heads import WEIGHTS, load_heads
from train.stages import runs
from train.stages.examples import Labelled, split_rows
from train.stages.judge import judge
from warehouse.errors import AgpError

FILE = "certificate.json"


def of_scores(
    valid: np.ndarray, calib: np.ndarray, judged: Judged, promise: Promise
) -> Certificate:
    """Return the certificate of some scores [n x k]; the thresholds come from the valid split."""
    thresholds = policy.grid(valid)
    losses = policy.losses(calib, judged.wrong, judged.groups, thresholds)
    return certify(losses, thresholds, promise)


def write(run: Path, source: Labelled, settings: Any) -> dict[str, Any]:
    """Certify every set of heads of a run's best checkpoint; write and return the document."""
    members = load_heads(run / "best", source.identity())
    promise = Promise(settings.alpha, settings.delta, settings.method)
    found = {
        "capture_id": source.facts["capture_id"],
        "weights": file_sha256(run / "best" / WEIGHTS),
        "score": "confidence",
        "heads": certificates(source, members, promise),
    }
    runs.write_json(run / FILE, found)
    return found


def certificates(source: Labelled, members: Any, promise: Promise) -> dict[str, Any]:
    """Return a certificate for each set of heads; without calibration prompts none holds."""
    valid = judge(source, "valid", members)
    if not any(len(split_rows(note, "calib")) for note in source.facts["shards"]):
        nothing = certify(np.zeros((0, 1)), [0.5], promise).document()
        return dict.fromkeys(members, nothing)
    calib = judge(source, "calib", members)
    return {
        name: of_scores(
            valid.said[name].confidence, calib.said[name].confidence, calib, promise
        ).document()
        for name in members
    }


def read(run: Path, source: Labelled, settings: Any) -> dict[str, Any]:
    """Return the certificates of a run's best checkpoint, made now if they are of another."""
    if (run / FILE).is_file():
        found = runs.read_json(run / FILE)
        if found.get("weights") == file_sha256(run / "best" / WEIGHTS):
            return found
    return write(run, source, settings)


def threshold(document: dict[str, Any], name: str) -> float:
    """Return a certified threshold; AgpError where there is none, or it is out of range."""
    found = document["heads"][name]
    value = found["threshold"]
    if value is None:
        raise AgpError(f"heads {name} have no certified threshold: {found['reason']}")
    if not 0 <= value <= 1:
        raise AgpError(f"threshold {value:g} of heads {name} is outside 0 to 1; certify anew")
    return float(value)
