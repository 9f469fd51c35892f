"""Pictures of runs: whatever a run has is drawn, the same numbers to the same bytes."""

from pathlib import Path

import pytest

from train.eval.plots import draw
from warehouse.errors import AgpError

METRICS = [{"step": i, "loss": 3.0 / i, "tokens": i} for i in range(1, 5)]
CURVE = [{"coverage": c / 4, "risk": c / 20, "threshold": 1 - c / 4} for c in range(5)]
BINS = [{"confidence": c / 4, "accuracy": c / 5, "n": 9} for c in range(5)]
DOCUMENT = {
    "plots": {
        "policy": {"heads": CURVE, "oracle": CURVE},
        "layers": {"heads": {"2": CURVE, "4": CURVE}, "margin": {"2": CURVE, "4": CURVE}},
        "reliability": {"heads": BINS},
        "depth": {"heads": {"2": 0.5, "4": 0.5}, "margin": {"2": 0.2, "4": 0.8}},
    }
}


def test_the_same_numbers_make_the_same_picture(tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        draw("s2-x", METRICS, [DOCUMENT], tmp_path / name)
    one, two = ((tmp_path / name).read_text() for name in ("a.svg", "b.svg"))
    assert one == two and one.count('id="axes_') == 5
    draw("s2-x", [], [DOCUMENT], tmp_path / "c.svg")
    assert (tmp_path / "c.svg").read_text().count('id="axes_') == 4


def test_what_cannot_be_drawn_is_one_line(tmp_path: Path):
    with pytest.raises(AgpError, match=r"ends in \.svg"):
        draw("s2-x", METRICS, [], tmp_path / "a.gif")
    with pytest.raises(AgpError, match="no numbers yet"):
        draw("s2-x", [], [{}], tmp_path / "a.svg")
    with pytest.raises(AgpError, match="cannot write"):
        draw("s2-x", METRICS, [], tmp_path / "nowhere" / "a.svg")
