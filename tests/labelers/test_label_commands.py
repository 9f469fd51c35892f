"""The commands, as a user sees them."""

import json

import pytest

BACK = ("Back to the beans: where had we stopped?", "At the trellis.")
SOW = ("When do I sow peas?", "In March, two fingers deep.")


@pytest.fixture
def garden(talk):
    """Write two exchanges, one of which returns to something."""
    talk("s1", SOW, BACK)


def found(agp, *args):
    return json.loads(agp("labels", *args, "--json").output)


def test_run_counts_and_a_second_run_has_nothing_to_do(garden, agp):
    assert found(agp, "run")["votes"] >= 1
    again = found(agp, "run")
    assert again["evaluated"] == 0 and again["problems"] == []


@pytest.mark.slow
def test_explain_names_the_function_and_its_reason(garden, agp):
    shown = found(agp, "explain", "s1-1")
    assert {"labeler": "return-words", "label": "return", "holds": True} in [
        {k: v[k] for k in ("labeler", "label", "holds")} for v in shown["votes"]
    ]
    assert shown["previous"] == SOW[0]


@pytest.mark.slow
def test_reviews_are_piped_kept_and_stand_above_votes(garden, agp, rows):
    said = agp("labels", "review", "return", stdin="what?\nn\n").output
    assert "y, n, s or q" in said and "1 verdict kept" in said
    assert rows("select exchange_id, holds from reviews") == [("s1-1", False)]
    labels = found(agp, "explain", "s1-1")["labels"]
    assert {"label": "return", "probability": 0.0, "source": "review"} in labels
    audited = found(agp, "audit")["functions"]
    assert [(f["gold"], f["correct"]) for f in audited if f["labeler"] == "return-words"] == [
        (1, 0)
    ]


def test_an_unknown_label_or_exchange_is_one_line(garden, agp):
    assert "no label regress" in agp("labels", "review", "regress", exit_code=2).output
    assert "no exchange y" in agp("labels", "explain", "y", exit_code=2).output
