"""Histories that tests share: many small sessions, copied for each test, and the sample, built."""

import shutil
from pathlib import Path

import pytest
from click.testing import CliRunner

from lanes import sample_history


@pytest.fixture(scope="session")
def kept_warehouses(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder for warehouses that several tests begin from."""
    return tmp_path_factory.mktemp("warehouses")


@pytest.fixture
def many(home: Path, claude_tree, agp, kept_warehouses: Path) -> None:
    """Fill the home with 40 sessions of three exchanges each, tool output, and a secret."""
    kept, target = kept_warehouses / "many.duckdb", home / ".agp" / "warehouse.duckdb"
    for s in range(40):
        session = claude_tree(f"s{s}")
        for n in range(3):
            session.person(f"Please fix bug number {n} in the module called part{s}")
            session.tool("Bash", "line\n" * 50 + "3 passed", command=f"pytest tests/test_{s}.py")
            session.agent(f"Bug {n} of part{s} is fixed: a sign was wrong in one comparison.")
        if s == 0:
            session.person("Write to anna.weber@firma-beispiel.de what the cause was")
            session.agent("The letter to Anna is written; it names the wrong sign.")
    if kept.exists():
        target.parent.mkdir()
        shutil.copy(kept, target)
        return
    agp("ingest")
    shutil.copy(target, kept)


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home that holds the sample history, ingested, and a build of it in `data`."""
    from agp.cli import main

    home = tmp_path_factory.mktemp("sample")
    sample_history.copy_to(home)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("HOME", str(home))
        patch.setenv("AGP_HOME", str(home / ".agp"))
        for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
            patch.delenv(name, raising=False)
        for command in (["ingest"], ["lanes", "build", "sft", "--out", str(home / "data")]):
            assert CliRunner().invoke(main, command).exit_code == 0
    return home
