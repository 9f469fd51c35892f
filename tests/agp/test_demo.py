"""The demo: every step really runs, in a home of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from agp.demo import living_in
from agp.demo_guide import Guide


def test_the_demo_lives_in_its_own_home(home: Path, tmp_path: Path, monkeypatch):
    monkeypatch.setenv("CODEX_HOME", "/somewhere")
    with living_in(tmp_path / "demo"):
        assert os.environ["HOME"] == str(tmp_path / "demo")
        assert "CODEX_HOME" not in os.environ
    assert os.environ["CODEX_HOME"] == "/somewhere"


def test_a_folder_with_something_in_it_is_left_alone(agp, tmp_path: Path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/file").write_text("x")
    for option in ("--keep", "--history"):
        assert "not empty" in agp("demo", option, tmp_path / "mine", exit_code=2).output


def test_the_history_alone_is_laid_into_a_folder(agp, tmp_path: Path):
    folder = tmp_path / "sample"
    assert f"agp ingest {folder / '.claude'}" in agp("demo", "--history", folder).output
    assert list(folder.glob(".claude/projects/*/*.jsonl"))


def test_commands_are_typed_as_a_person_would(tmp_path: Path, capsys):
    Guide(tmp_path).type(["packs", "show", f"{tmp_path}/a pack"])
    assert "$ agp packs show ~/'a pack'" in capsys.readouterr().out


@pytest.mark.slow
def test_every_step_runs_and_fits_eighty_columns(home: Path, tmp_path: Path):
    command = [Path(sys.executable).parent / "agp", "demo", "--short", "--keep", tmp_path / "demo"]
    shown = subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout
    assert "$ agp ingest" in shown and "What to try next" in shown
    assert "The adapter beats its base: -" in shown
    wide = [line for line in shown.splitlines() if len(line) > 80]
    assert not [line for line in wide if "HOME=" not in line]
    assert (tmp_path / "demo/.agp/warehouse.duckdb").exists()
