"""Expressions from strangers, in a table: as a rule, a labeling function, and in the live page."""

import json
import time
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from agp.report.server import answered
from filters.compile import rule_set
from labelers.load import Problem, read_folder
from warehouse.errors import AgpError

SECRET = "the quick brown secret"
SECONDS = 60  # far more than any of them takes on a busy machine, far less than for ever


class Way(NamedTuple):
    does: str
    where: str
    late: bool


def read(table: dict[str, Any]) -> Way:
    repeated = table.get("repeat", "") * table.get("times", 0)
    return Way(table["does"], table["where"].replace("{}", repeated), table.get("late", False))


TABLE = tomllib.loads((Path(__file__).parent / "hostile.toml").read_text(encoding="utf-8"))
WAYS = [read(table) for table in TABLE["way"]]
EARLY, LATE = [w for w in WAYS if not w.late], [w for w in WAYS if w.late]


def rule_file(way: Way) -> str:
    """Return a rule of the expression; a string of JSON is one of TOML."""
    keys = {"id": "r", "why": "w", "on": "exchange", "action": "drop", "where": way.where}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(["[[rule]]", *lines, 'hit = ["a"]', 'miss = ["b"]', ""])


def function_file(way: Way) -> str:
    """Return a labeling function of the expression."""
    keys = {"id": "f", "label": "echo", "kind": "sql", "why": "w", "yes": way.where}
    lines = [f"{key} = {json.dumps(value)}" for key, value in keys.items()]
    return "\n".join(["[[function]]", *lines, 'hit = ["a"]', 'miss = ["b"]', ""])


def plain(line: str) -> bool:
    """Say whether a reason is one short line that a terminal only shows, and quotes no history."""
    return 0 < len(line) < 600 and line.isprintable() and "quick brown" not in line


@pytest.fixture
def own(tmp_path: Path) -> Path:
    """Return an empty folder of a stranger."""
    (tmp_path / "stranger").mkdir()
    return tmp_path / "stranger"


@pytest.fixture
def told(tell, home: Path) -> Iterator[Path]:
    """Return a home whose exchanges no error may quote."""
    for i in range(40):
        tell(f"x{i}", f"{SECRET} {i} " + "aa" * 900, ("agent", "answer", SECRET))
    tell.con.close()
    yield home


def test_there_are_more_than_sixty_ways():
    assert len({way.where for way in WAYS}) >= 60


@pytest.mark.parametrize("way", EARLY, ids=lambda way: way.does)
def test_what_asks_for_more_is_refused_before_it_runs(way: Way, own: Path, home: Path):
    begin = time.monotonic()
    (own / "r.toml").write_text(rule_file(way), encoding="utf-8")
    with pytest.raises(AgpError) as caught:
        rule_set(own)
    assert plain(caught.value.message)
    (own / "r.toml").unlink()
    (own / "f.toml").write_text(function_file(way), encoding="utf-8")
    [problem] = read_folder(own)
    assert isinstance(problem, Problem) and plain(problem.reason)
    status, page = answered("try", {"expression": way.where, "on": "exchange"})
    assert status == 400 and len(page) < 40_000
    assert time.monotonic() - begin < SECONDS


@pytest.mark.slow
@pytest.mark.parametrize("way", LATE, ids=lambda way: way.does)
def test_what_cannot_run_ends_soon_and_quotes_nothing(way: Way, told: Path, own: Path, agp):
    begin = time.monotonic()
    (own / "r.toml").write_text(rule_file(way), encoding="utf-8")
    said = agp("filters", "run", "--rules", str(own), exit_code=2).stderr
    assert plain(said.removesuffix("\n")) and "rule r: " in said
    agp("filters", "run")
    status, page = answered("try", {"expression": way.where, "on": "exchange"})
    assert status == 400 and "quick brown" not in page
    folder = told / ".agp" / "labelers"
    folder.mkdir()
    (folder / "f.toml").write_text(function_file(way), encoding="utf-8")
    found = json.loads(agp("labels", "run", "--json").stdout)
    [reason] = [p["reason"] for p in found["problems"] if p["id"] == "f"]
    assert plain(reason)
    assert time.monotonic() - begin < 5 * SECONDS


def test_a_folder_that_would_be_read_for_ever_is_refused(own: Path):
    (own / "r.toml").symlink_to("/dev/zero")
    with pytest.raises(AgpError, match=r"r.toml: it is no file"):
        rule_set(own)
    [problem] = read_folder(own)
    assert isinstance(problem, Problem) and "it is no file" in problem.reason
