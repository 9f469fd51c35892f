"""Vitality of a real capture cannot be read from the layer number; it can from the facts."""

import json
from collections import Counter, defaultdict
from typing import Any

import pytest

Rows = list[dict[str, Any]]


def guess_from_layer(rows: Rows, name: str) -> dict[int, Any]:
    """Return for each layer the class that scores best in balanced accuracy on these rows."""
    total = Counter(r[name] for r in rows)
    by_layer: dict[int, Counter[Any]] = defaultdict(Counter)
    for row in rows:
        by_layer[row["layer"]][row[name]] += 1
    return {k: max(n, key=lambda c: n[c] / total[c]) for k, n in by_layer.items()}


def balanced_accuracy(rows: Rows, name: str, guess: dict[int, Any]) -> float:
    """Return the mean over classes of the share that the guess finds."""
    total = Counter(r[name] for r in rows)
    right = Counter(r[name] for r in rows if guess[r["layer"]] == r[name])
    return sum(right[c] / total[c] for c in total) / len(total)


@pytest.mark.slow
def test_the_layer_alone_predicts_no_vitality(agp: Any, home: Any, rows: Any):
    given = ("--layers", "2,4,6", "--splits", "heads,valid", "--most", "60", "--json")
    capture = json.loads(agp("train", "capture", *given).stdout)["capture_id"]
    agp("labels", "oracle", capture)
    columns = ("split", "layer", "vitality", "dead", "score")
    found: Rows = [
        dict(zip(columns, row, strict=True))
        for row in rows(
            "select split, layer, vitality, vitality = 'dead', vitality_score from v_routes"
        )
    ]
    heads, valid = ([r for r in found if r["split"] == s] for s in ("heads", "valid"))
    for name in ("vitality", "dead"):
        classes = len({r[name] for r in heads})
        assert balanced_accuracy(valid, name, guess_from_layer(heads, name)) < 1 / classes + 0.08
    # what cannot be read from the layer is there to be read: the facts tell dead from live
    dead, live = ([r["score"] for r in valid if r["dead"] is d] for d in (True, False))
    above = sum(a < b for a in dead for b in live) / (len(dead) * len(live))
    assert above > 0.9
