"""Every `$ agp` line of README and docs/ runs, in page order, in a home with the sample history."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner

from agp.cli import main, walk

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
LONG = "<!-- check -->"
CLONE = "<!-- fresh clone -->"  # what `make check` runs in a fresh clone, once is enough


class Line(NamedTuple):
    """A command as a page shows it."""

    text: str
    long: bool
    exit_code: int
    in_clone: bool = False


def commands(page: Path) -> list[Line]:
    """Return the `$ agp` lines of a page's console blocks; `# exit 2` says what is expected."""
    found = []
    pattern = rf"(?:(?P<mark>{LONG}|{CLONE})\n)?```console\n(?P<body>.*?)```"
    for block in re.finditer(pattern, page.read_text(encoding="utf-8"), re.DOTALL):
        body = block["body"].replace("\\\n", " ")
        for text in re.findall(r"^\$ (agp .*)$", body, re.MULTILINE):
            expected = re.search(r"#\s*exit (\d+)\s*$", text)
            code = int(expected[1]) if expected else 0
            found.append(Line(text, block["mark"] == LONG, code, block["mark"] == CLONE))
    return found


def run(line: Line, cwd: Path) -> tuple[int, str]:
    """Run one line: in this process where it is a plain command, else in a shell."""
    words = shlex.split(line.text, comments=True)
    if not line.long and not re.search(r"[|<>$;&*~]", line.text):
        os.chdir(cwd)
        result = CliRunner().invoke(main, words[1:])
        return result.exit_code, result.output + str(result.exception or "")
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-o", "pipefail", "-c", line.text],
        cwd=cwd,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
    )
    return done.returncode, done.stdout + done.stderr


def write_files(page: Path, cwd: Path) -> None:
    """Write the files that a page tells its reader to: a block below `<!-- file: PATH -->`."""
    pattern = r"<!-- file: ([^\n]+) -->\n```\w+\n(.*?)```"
    for path, text in re.findall(pattern, page.read_text(encoding="utf-8"), re.DOTALL):
        (cwd / path).parent.mkdir(parents=True, exist_ok=True)
        (cwd / path).write_text(text, encoding="utf-8")


def run_page(page: Path, cwd: Path, *, long: bool) -> None:
    """Run a page's lines in order; the quick run leaves out blocks that are marked as long."""
    write_files(page, cwd)
    for line in commands(page):
        if line.in_clone or (line.long and not long):
            continue
        code, output = run(line, cwd)
        assert code == line.exit_code, f"{page.name}: $ {line.text}\n{output}"


@pytest.fixture
def page_home(sample_home: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a fresh copy of that home to run one page in, under the same paths."""
    shutil.copytree(sample_home, home, dirs_exist_ok=True, symlinks=True)
    monkeypatch.chdir(home)
    return home


@pytest.mark.parametrize("page", PAGES, ids=lambda p: p.name)
def test_page_runs(page, page_home):
    run_page(page, page_home, long=False)


@pytest.mark.slow
@pytest.mark.parametrize(
    "page", [p for p in PAGES if any(line.long for line in commands(p))], ids=lambda p: p.name
)
def test_page_runs_with_its_long_blocks(page, page_home):
    run_page(page, page_home, long=True)


def test_what_the_pages_leave_to_a_fresh_clone_is_run_there():
    left = {line.text for page in PAGES for line in commands(page) if line.in_clone}
    script = (ROOT / "tests" / "fresh_clone.sh").read_text(encoding="utf-8")
    made = re.search(r"^demo:.*\n\t\$\(BIN\)/(.*)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert made and left == {made[1]} and " make demo " in script


def test_every_command_is_shown_on_a_page():
    shown = " ".join(line.text for page in PAGES for line in commands(page))
    missing = [name for name, _ in walk(main) if f"agp {name}" not in shown]
    assert not missing
