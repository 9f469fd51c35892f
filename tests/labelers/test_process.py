"""What happened in an exchange, as routing reads it."""

import pytest

from labelers.process import refresh_process
from warehouse.features import refresh
from warehouse.store import open_writer


@pytest.fixture
def went(claude_tree, agp, rows):
    """Write two exchanges with failures on the way, and return their process facts."""
    s = claude_tree("s1")
    s.person("Make the tests pass")
    s.tool("Bash", "1 failed", error=True, command="pytest -q")
    s.tool("Edit", file_path="/a.py", old_string="x", new_string="y")
    s.tool("Edit", file_path="/a.py", old_string="y", new_string="z")
    s.tool("Bash", "3 passed", command="pytest -q")
    s.agent("All tests pass. It might be slow.")
    s.person("No, that broke the import. Revert it")
    s.tool("Bash", "", command="git restore a.py")
    s.agent("Done.")
    agp("ingest")
    with open_writer() as con:
        refresh(con)
        assert refresh_process(con) == 2 and refresh_process(con) == 0
    names = (
        "calls failed retries recoveries repeats checks failed_checks edits edited_files "
        "most_edits_of_a_file reverts hedges assurances corrects corrected outcome "
    )
    names = [*names.split(), "session_outcome"]
    columns = ", ".join(f"p.{name}" for name in names)
    found = rows(
        f"select {columns} from v_process p join v_exchanges using (exchange_id) order by ordinal"
    )
    return [dict(zip(names, row, strict=True)) for row in found]


def test_actions_failures_and_recovery(went):
    first, second = went
    assert (first["calls"], first["failed"], first["recoveries"]) == (4, 1, 1)
    assert (first["repeats"], first["checks"], first["failed_checks"]) == (1, 2, 1)
    assert (first["edits"], first["edited_files"], first["most_edits_of_a_file"]) == (2, 1, 2)
    assert (first["reverts"], second["reverts"]) == (0, 1)


def test_words_and_outcome(went):
    first, second = went
    assert (first["hedges"], first["assurances"], first["outcome"]) == (1, 1, "checked")
    assert (first["corrected"], second["corrects"], second["outcome"]) == (True, True, "done")
    assert first["session_outcome"] == "done"
