"""`agp doctor`: what is here, what is to be read, and what would be deleted unread."""

import json
import os
import time
from datetime import UTC, datetime

import pytest


@pytest.fixture
def old(home):
    """A transcript that was last written to 20 days ago."""
    path = home / ".claude" / "projects" / "p" / "5e551011-0000-4000-8000-000000000001.jsonl"
    path.parent.mkdir(parents=True)
    path.write_text('{"type": "summary", "summary": "Roses", "leafUuid": "x"}\n')
    os.utime(path, (time.time() - 20 * 86_400, time.time() - 20 * 86_400))
    return path


def examined(agp):
    return json.loads(agp("doctor", "--json").stdout)


def test_an_empty_machine(agp):
    out = agp("doctor").stdout
    assert "not made yet" in out and "No transcript was found" in out


def test_versions_and_room(agp):
    found = examined(agp)
    assert found["versions"]["duckdb"] and found["versions"]["mlx-lm"]
    assert found["devices"]["mlx"] in ("cpu", "metal")
    assert found["free_bytes"] > 0


def test_what_is_not_kept_yet(old, agp):
    found = examined(agp)
    assert found["to_read"] == {"files": 1, "new": 1, "bytes": old.stat().st_size}
    assert (found["deletion"]["not_kept"], found["deletion"]["overdue"]) == (1, 0)
    out = " ".join(agp("doctor").stdout.split())
    assert "will delete 1 transcripts" in out
    until = datetime.fromtimestamp(time.time() + 10 * 86_400, UTC).date()
    assert f"at risk 1 transcripts until {until} to {until}, 0 of them within 7 days" in out


def test_a_timer_is_named(agp):
    assert examined(agp)["schedule"] is None and "agp schedule install" in agp("doctor").stdout
    agp("schedule", "install", "--files-only")
    assert examined(agp)["schedule"]


def test_nothing_is_lost_once_it_is_kept(old, agp):
    agp("ingest")
    assert examined(agp)["deletion"]["not_kept"] == 0
    assert "Every transcript is kept" in agp("doctor").stdout
    old.write_text(old.read_text() * 2)
    assert examined(agp)["to_read"]["new"] == 0
    assert examined(agp)["to_read"]["files"] == 1


@pytest.mark.parametrize(
    "settings, overdue",
    [
        ('{"cleanupPeriodDays": 10}', 1),
        ('{"cleanupPeriodDays": 90}', 0),
        ('{"cleanupPeriodDays": 1e308}', 0),
        ('{"cleanupPeriodDays": "soon"}', 0),
        ("[not json", 0),
    ],
)
def test_the_period_in_settings(old, agp, home, settings, overdue):
    (home / ".claude" / "settings.json").write_text(settings)
    assert examined(agp)["deletion"]["overdue"] == overdue


def test_a_damaged_warehouse_is_said_and_not_fatal(old, agp, home):
    (home / ".agp").mkdir()
    (home / ".agp" / "warehouse.duckdb").write_text("not a database")
    assert "damaged" in examined(agp)["warehouse_trouble"]


def test_a_transcript_that_was_given_back_with_the_time_of_now_is_kept(old, agp):
    agp("ingest")
    old.unlink()
    agp("restore", "5e551011", "--touch")
    assert examined(agp)["deletion"]["not_kept"] == 0
    old.write_text(old.read_text().replace("Roses", "Tulip"))
    assert examined(agp)["deletion"]["not_kept"] == 1
