"""Gates: what passes, what fails, what cannot be told, and what is no file of gates."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from train.eval.gates import SHIPPED, Gate, load_gates
from train.eval.statistics import Estimate
from warehouse.errors import AgpError

numbers = st.floats(-5, 5)


@given(numbers, numbers, numbers)
def test_an_interval_that_touches_the_threshold_never_passes(a: float, b: float, c: float):
    low, value, high = sorted((a, b, c))
    verdict = Gate(name="g", below=0, least=1).verdict(Estimate(value, low, high, 9))
    assert (verdict == "passed") == (high < 0)


def test_what_the_base_never_passed_is_not_kept():
    gate = Gate(name="checks.json", not_below=0, least=5)
    same = Estimate(0.0, 0.0, 0.0, 40)
    assert gate.verdict(same, counted=0) == "too_few"
    assert gate.verdict(same, counted=5) == "passed"
    assert gate.verdict(Estimate(-0.5, -0.7, -0.3, 40), counted=5) == "failed"
    assert gate.verdict(None) == "too_few"


def test_the_hash_is_of_the_text(tmp_path: Path):
    file = tmp_path / "gates.toml"
    file.write_text(SHIPPED.read_text().replace("0.02", "0.03"))
    assert load_gates(file).digest != load_gates(SHIPPED).digest
    assert [g.name for g in load_gates(file).gates][:2] == ["cross_entropy", "general_text"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"holds no \[\[gate\]\]"),
        ("[[gate]", "cannot read the gates"),
        ('[[gate]]\nname = "a"\nleast = 1', "needs either"),
        ('[[gate]]\nname = "a"\nbelow = 0\nleast = 0', "gate's least must be"),
        ('[[gate]]\nname = "a"\nbelow = 0\nleast = 1\n' * 2, "two gates have one name"),
    ],
)
def test_files_that_are_no_gates(tmp_path: Path, text: str, message: str):
    (tmp_path / "gates.toml").write_text(text)
    with pytest.raises(AgpError, match=message):
        load_gates(tmp_path / "gates.toml")
