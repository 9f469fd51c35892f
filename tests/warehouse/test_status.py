"""`agp status`: every record is accounted for, and the numbers are those of the history."""

import json


def test_every_record_met_a_fate(transcript, agp):
    found = json.loads(agp("status", "--json").stdout)
    assert sum(fate["records"] for fate in found["records"]) == 6
    assert sum(fate["bytes"] for fate in found["records"]) == transcript.stat().st_size
    fates = {fate["fate"]: fate["records"] for fate in found["records"]}
    assert fates == {"kept as a message": 5, "quarantined": 1}
    assert all(fate["records"] == sum(fate["kinds"].values()) for fate in found["records"])


def test_the_source_and_its_tools(transcript, agp):
    found = json.loads(agp("status", "--json").stdout)
    (source,) = found["sources"]
    assert (source["files"], source["records"], source["prompts"]) == (1, 6, 2)
    assert source["first_at"].startswith("2026-01-01")
    assert found["tool_calls"]["calls"] == found["tool_calls"]["joined"] == 1
    assert found["bytes_read"] == transcript.stat().st_size


def test_a_deleted_file_is_still_kept(transcript, agp):
    transcript.unlink()
    agp("ingest")
    assert "gone: deleted where they stood" in agp("status").stdout
    assert "every byte as it was read" in agp("warehouse", "verify").stdout


def test_a_chart_of_months(transcript, agp):
    (month,) = json.loads(agp("status", "--json").stdout)["months"]
    assert month == {"month": "2026-01", "source": "claude", "exchanges": 2}
    out = agp("status").stdout
    assert "exchanges seen by month, 2026-01 to 2026-01\nclaude  █  2\n" in out


def test_an_empty_history(agp):
    agp("ingest")
    assert "MB on disk" in agp("status").stdout


def test_lines_fit_the_terminal(transcript, agp, monkeypatch):
    monkeypatch.setenv("COLUMNS", "80")
    lines = agp("status").stdout.splitlines()[1:]  # the path stands alone, uncut
    assert max(map(len, lines)) <= 80
