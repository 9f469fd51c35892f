"""Fixtures every test may use: a home of its own, and a command line to call."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from agp.cli import main


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return an empty home: nothing of this machine's own history is seen."""
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("AGP_HOME", str(tmp_path / ".agp"))
    for name in ("CLAUDE_CONFIG_DIR", "CODEX_HOME", "XDG_CONFIG_HOME"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def agp(home: Path):
    """Return a function that runs `agp ARGS...` in that home and checks its exit status."""

    def run(*args: str, exit_code: int = 0, stdin: str | None = None) -> Result:
        result = CliRunner().invoke(main, [str(a) for a in args], input=stdin)
        assert result.exit_code == exit_code, result.output + str(result.exception)
        return result

    return run


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Under CI a skipped test is a failure: nothing may go untested for want of a tool."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter and reporter.stats.get("skipped"):
        reporter.write_line("skipped under CI:", red=True)
        for report in reporter.stats["skipped"]:
            reporter.write_line(f"  {report.nodeid}: {report.longrepr}")
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
