"""A build by its id: its folder, or one line that says why not."""

from pathlib import Path

import pytest

from warehouse.builds import build_folder
from warehouse.errors import AgpError
from warehouse.store import open_writer


@pytest.fixture
def known(home: Path) -> Path:
    """Return the folder of build b12ab; b12cd is registered too, and gone."""
    folder = home / "made"
    folder.mkdir()
    with open_writer() as con:
        for build, place in (("b12ab", folder), ("b12cd", home / "gone")):
            values = [build, "semantic", str(place), "r", "{}", "c", 1]
            con.execute(
                "insert into lane_builds values (?, ?, ?, now()::timestamp, ?, ?, ?, ?)", values
            )
    return folder


def test_an_id_or_its_beginning_leads_to_the_folder(known: Path):
    assert build_folder(Path("b12ab")) == build_folder(Path("b12a")) == known
    assert build_folder(known) == known


def test_what_leads_nowhere_is_one_line(known: Path, home: Path):
    with pytest.raises(AgpError, match="beginning of b12ab, b12cd; give more"):
        build_folder(Path("b12"))
    with pytest.raises(AgpError, match="b12cd is no longer in"):
        build_folder(Path("b12c"))
    other = Path("nothing")  # what reads it says what is missing there
    assert build_folder(other) == other and build_folder(home / "b12ab") == home / "b12ab"


def test_without_a_warehouse_a_name_is_a_path(home: Path):
    assert build_folder(Path("b12ab")) == Path("b12ab")


def test_a_plan_takes_an_id(known: Path, agp):
    said = agp("train", "plan", "4", "--data", "b12c", exit_code=2)
    assert said.stderr.count("\n") == 1 and "b12cd is no longer in" in said.stderr
