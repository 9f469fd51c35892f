"""`make real` where its package is not to be had, and its table on a page."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agp.real import curriculum, results
from agp.real.__main__ import main
from agp.real.model import assemble, fetch
from warehouse.errors import AgpError


@pytest.fixture
def installer(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an installer that finds nothing."""
    script = tmp_path / "uv"
    script.write_text("#!/bin/sh\necho 'error: no such package' >&2\nexit 1\n")
    script.chmod(0o755)
    monkeypatch.setenv("UV", str(script))
    return script


def test_a_missing_package_is_one_line(installer: Path, tmp_path: Path):
    done = CliRunner().invoke(main, ["--package", "nowhere", "--folder", str(tmp_path / "real")])
    assert done.exit_code == 2
    assert done.stderr.count("\n") == 1
    assert "nowhere==1.0.0 is missing" in done.stderr and "no such package" in done.stderr


def test_a_package_that_is_there_is_not_asked_for_again(installer: Path, tmp_path: Path):
    (tmp_path / "package/x/data").mkdir(parents=True)
    (tmp_path / "package/x/data/m.gguf.part00").write_bytes(b"GGUF")
    fetch("x", "1", tmp_path / "package")


def test_another_file_than_the_recorded_one_is_refused(tmp_path: Path):
    (tmp_path / "package/b/data").mkdir(parents=True)
    (tmp_path / "package/b/data/m.gguf.part00").write_bytes(b"GG")
    (tmp_path / "package/b/data/m.gguf.part01").write_bytes(b"UF")
    with pytest.raises(AgpError, match="has sha-256"):
        assemble(tmp_path / "package", tmp_path / "m.gguf", "0" * 64)
    assert (tmp_path / "m.gguf").read_bytes() == b"GGUF"


def test_the_page_keeps_a_place_for_the_table():
    page = (Path(__file__).parents[2] / "docs/results.md").read_text(encoding="utf-8")
    assert page.count(results.BEGIN) == page.count(results.END) == 1
    assert page.count(curriculum.BEGIN) == page.count(curriculum.END) == 1


def test_the_later_stages_want_the_first(tmp_path: Path):
    done = CliRunner().invoke(curriculum.main, ["--folder", str(tmp_path)])
    assert done.exit_code == 2 and "`make real` makes one" in done.stderr


def test_every_gate_of_the_walk_is_a_line():
    gate = {"name": "kl", "rule": "below 0.8", "value": 0.5, "low": 0.25, "high": 0.75, "n": 64}
    some = gate | {"value": None, "low": None, "high": None, "n": None, "verdict": "too_few"}
    steps = {"3": {"stage": 3, "gates": [gate | {"verdict": "passed"}, some]}}
    lines = curriculum.table({"steps": steps, "whole": {"words": ["Nothing improved."]}}, 3)
    assert "| 3, depth | kl: below 0.8 | 0.500 [0.250, 0.750] | 64 | passed |" in lines
    assert "| 3, depth | kl: below 0.8 |  |  | too_few |" in lines
    assert lines[-1] == "* Nothing improved."
