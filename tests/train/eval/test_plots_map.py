"""The map of layers as a picture."""

from pathlib import Path

import pytest

from train.eval.plots_map import draw_map
from warehouse.errors import AgpError

ROWS = [
    {"lens": lens, "layer": k, "kl": 3.0 / k, "agree": 0.2 * k, "stays": 0.1 * k}
    for lens in ("affine", "full", "logit")
    for k in (1, 2, 3)
]


def test_the_same_map_is_the_same_picture(tmp_path: Path):
    for name in ("a.svg", "b.svg"):
        draw_map("tiny", ROWS, {1: 3, 2: 1}, tmp_path / name)
    text = (tmp_path / "a.svg").read_text()
    assert text == (tmp_path / "b.svg").read_text()
    assert "<svg" in text


def test_another_kind_of_file_is_refused(tmp_path: Path):
    with pytest.raises(AgpError, match="give a file that ends in"):
        draw_map("tiny", ROWS, {1: 1}, tmp_path / "map.txt")
