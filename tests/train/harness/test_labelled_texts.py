"""A build of the semantic lane as arrays, and texts in other words."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelers.load import load
from train.harness.labelled_texts import read_texts
from train.harness.paraphrase import WAYS, paraphrases, rewritten, ways
from warehouse.errors import AgpError

ROW: dict[str, Any] = {
    "exchange_id": "x1",
    "text": "Go on.",
    "before": ["First.", "Second."],
    "primitives": {"echo": 0.9, "shift": None},
    "invariants": {"time": 0.1},
    "voted": ["echo"],
    "bundles": ["river"],
    "neighbours": ["x2"],
    "weight": 0.5,
}


def write(folder: Path, *rows: Any) -> None:
    lines = [row if isinstance(row, str) else json.dumps(row) for row in rows]
    (folder / "train.jsonl").write_text("\n".join(lines) + "\n")


def test_copies_are_one_text_and_what_nobody_judged_is_neither_true_nor_false(tmp_path):
    write(tmp_path, ROW, ROW, ROW | {"exchange_id": "x2", "before": []})
    texts = read_texts(tmp_path, "train")
    assert texts.ids == ["x1", "x2"] and texts.rows.tolist() == [0, 0, 1]
    assert texts.labels == ("echo", "shift", "time")
    assert texts.voted.tolist() == [[True, False, False]] * 2
    assert texts.holds[0, 0] == 1 and np.isnan(texts.holds[0, 1]) and texts.holds[0, 2] == 0
    assert texts.with_before(0) == ["Go on.", "Go on."]
    assert texts.with_before(1) == ["Second.\n\nGo on.", "Go on."]


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["{"], "line 1: not a row"),
        (["[]"], "line 1: no|line 1: not a row"),
        ([{"messages": []}], "line 1: no before, bundles"),
        ([ROW, ROW | {"exchange_id": "x2", "invariants": {}}], "differ in their labels"),
        ([""], "is empty"),
    ],
)
def test_what_is_no_build_is_one_line(tmp_path, rows, said):
    write(tmp_path, *rows)
    with pytest.raises(AgpError, match=said) as error:
        read_texts(tmp_path, "train")
    assert "\n" not in error.value.message
    with pytest.raises(AgpError, match=r"no test\.jsonl"):
        read_texts(tmp_path, "test")


def test_other_words_change_the_text_and_no_keyword_function_notices():
    labelers = load().labelers
    texts = ["Can you fix the folder?", "Write what is due.", "Back to the parser."]
    for name in WAYS:
        made = paraphrases(texts, name, labelers)
        assert all(new is None or new != old for new, old in zip(made, texts, strict=True))
        assert sum(new is not None for new in made) >= 2
    assert paraphrases(["error"], "far", [])[0] != "error"


def test_training_sees_no_words_that_stability_is_measured_with():
    near, far = (ways()[name] for name in WAYS)
    assert not near.words.keys() & far.words.keys()
    assert not set(near.frames) & set(far.frames)
    assert rewritten("Need", far) == rewritten("Need", far) and "require" in rewritten("need", far)


def test_a_paraphrase_that_brings_a_keyword_in_is_not_used(monkeypatch):
    from train.harness import paraphrase

    way = paraphrase.Way(frames=["Recover: {text}"], words={})
    monkeypatch.setattr(paraphrase, "ways", lambda: {"near": way})
    assert paraphrases(["List files."], "near", load().labelers) == [None]
