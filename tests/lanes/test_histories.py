"""Prompt histories: what was typed where the transcript is gone, and what is one exchange."""

import json
from datetime import UTC, datetime, timedelta

import pytest

SEEN = "select prompt, source, sightings, prompt_only, answer from v_exchanges order by asked_at, 1"
START = datetime(2026, 3, 1, 9, tzinfo=UTC)  # when the fixtures' transcripts begin


@pytest.fixture
def typed(home):
    """Return a function that appends a row to Claude Code's history, minutes after the start."""
    path = home / ".claude" / "history.jsonl"

    def row(text: str, minutes: float, session: str | None = "s1", **more) -> None:
        path.parent.mkdir(exist_ok=True)
        time = int((START + timedelta(minutes=minutes)).timestamp() * 1000)
        record = {"display": text, "pastedContents": {}, "timestamp": time}
        record |= {"project": "/home/dev/garden"} | ({"sessionId": session} if session else {})
        with path.open("a", encoding="utf-8") as file:
            file.write(json.dumps(record | more) + "\n")

    return row


def test_a_typed_prompt_that_a_transcript_holds_is_a_sighting(claude_tree, typed, agp, rows):
    s = claude_tree()
    s.person("Fix the\n  gate.")
    s.agent("Fixed.")
    typed("Fix the gate.", 1.01)
    typed("/clear", 2)
    agp("ingest")
    assert rows(SEEN) == [("Fix the\n  gate.", "claude", 2, False, "Fixed.")]
    assert rows("select source from v_sightings order by 1") == [("claude",), ("claude_history",)]
    [(exchange,)] = rows("select exchange_id from v_exchanges")
    [(record,)] = rows("select file_id || ':0' from v_files where source = 'claude_history'")
    assert "history.jsonl" in agp("lineage", exchange).stdout
    assert exchange in agp("lineage", record).stdout


def test_prompts_of_a_deleted_session_have_no_answer_and_say_so(typed, agp, rows):
    typed("Water the roses.", 1, "gone")
    typed("/fix the pump", 2, "gone")
    typed("!make water", 3, "gone")
    agp("ingest")
    assert rows(SEEN) == [
        ("Water the roses.", "claude_history", 1, True, None),
        ("the pump", "claude_history", 1, True, None),
        ("make water", "claude_history", 1, True, None),
    ]
    assert rows("select session_id, agent, source, project, exchanges from v_sessions") == [
        ("gone", "claude", "claude_history", "garden", 3)
    ]


def test_a_transcript_that_comes_later_takes_its_prompts_over(claude_tree, typed, agp, rows):
    typed("Fix the gate.", 1)
    agp("ingest")
    assert rows("select source from v_exchanges") == [("claude_history",)]
    s = claude_tree()
    s.person("Fix the gate.")
    s.agent("Fixed.")
    agp("ingest")
    assert rows(SEEN) == [("Fix the gate.", "claude", 2, False, "Fixed.")]
    agp("warehouse", "rebuild")
    assert rows(SEEN) == [("Fix the gate.", "claude", 2, False, "Fixed.")]


def test_the_same_words_again_are_another_exchange(claude_tree, typed, agp, rows):
    s = claude_tree()
    for n in range(3):
        s.person("Continue.")
        s.agent(f"Step {n}.")
        typed("Continue.", 2 * n + 1.02)
    agp("ingest")
    assert [row[2] for row in rows(SEEN)] == [2, 2, 2]
    assert rows("select count(*) from v_ambiguous_prompts") == [(0,)]


def test_what_could_be_two_stays_apart_and_is_listed(claude_tree, typed, agp, rows):
    s = claude_tree()
    s.person("Continue.")
    s.agent("Done.")
    typed("Continue.", 190)
    agp("ingest")
    assert [row[1:3] for row in rows(SEEN)] == [("claude", 1), ("claude_history", 1)]
    assert rows("select session_id, reason, len(candidates) from v_ambiguous_prompts") == [
        ("s1", "the same words at another time", 1)
    ]
    assert "1 logged prompts may be another's" in agp("status").stdout
    found = json.loads(agp("status", "--json").stdout)
    assert found["logged_prompts"] == {"sightings": 0, "ambiguous": 1}
    assert [source["seen"] for source in found["sources"]] == [1, 1]


def test_an_ingest_shows_each_source_on_its_own_line(claude_tree, typed, agp, home):
    s = claude_tree()
    s.person("Fix the gate.")
    s.line('{"cut": ')
    typed("Fix the gate.", 1)
    shown = agp("ingest").stdout
    for source, of_it in (("claude", [1, 2, 1, 1]), ("claude_history", [1, 1, 1, 1])):
        line = next(line for line in shown.splitlines() if line.split()[:1] == [source])
        assert [int(cell) for cell in line.split()[1:]] == of_it
    assert "kept but not readable of claude: cut off 1" in shown
    again = json.loads(agp("ingest", "--json").stdout)["sources"]
    assert again["claude"]["read"] == again["claude"]["new_records"] == 0


def test_a_clock_of_another_zone_is_no_other_prompt(claude_tree, typed, agp, rows):
    s = claude_tree()
    s.person("Fix the gate.")
    typed("Fix the gate.", 1 + 120)
    agp("ingest")
    assert [row[1:3] for row in rows(SEEN)] == [("claude", 2)]


def test_pasted_texts_are_put_where_they_stood(claude_tree, typed, agp, rows):
    s = claude_tree()
    s.person("Why this? a\nb")
    s.person("And this? c\nd")
    paste = {"1": {"id": 1, "type": "text", "content": "a\nb"}}
    typed("Why this? [Pasted text #1 +2 lines]", 1, pastedContents=paste)
    hashed = {"2": {"id": 2, "type": "text", "contentHash": "9f"}}
    typed("And this? [Pasted text #2 +2 lines]", 2, pastedContents=hashed)
    agp("ingest")
    assert [row[:3] for row in rows(SEEN)] == [
        ("Why this? a\nb", "claude", 2),
        ("And this? c\nd", "claude", 2),
    ]


def test_an_old_row_without_a_session_is_found_by_folder_words_and_time(
    claude_tree, typed, agp, rows
):
    s = claude_tree()
    s.person("Fix the gate.")
    typed("Fix the gate.", 1, None)
    typed("Paint it green.", 5, None)
    agp("ingest")
    assert [row[:3] for row in rows(SEEN)] == [
        ("Fix the gate.", "claude", 2),
        ("Paint it green.", "claude_history", 1),
    ]
    assert rows("select count(distinct family_id) from v_sessions") == [(2,)]
    other = claude_tree("s2")
    other.person("Something else.")
    agp("ingest")
    assert rows("select sightings from v_exchanges where prompt = 'Fix the gate.'") == [(2,)]


def test_codex_history_joins_by_its_session(codex, home, agp, rows):
    r = codex()
    r.header()
    r.ask("Run the tests.")
    r.answer("They pass.")
    start = datetime(2026, 8, 3, 9, tzinfo=UTC).timestamp()
    history = home / ".codex" / "history.jsonl"
    for session, ts, text in ((r.session_id, 90, "Run the tests."), ("gone", 5, "Say hi.")):
        row = {"session_id": session, "ts": int(start + ts), "text": text}
        with history.open("a", encoding="utf-8") as file:
            file.write(json.dumps(row) + "\n")
    agp("ingest")
    assert rows(SEEN) == [
        ("Say hi.", "codex_history", 1, True, None),
        ("Run the tests.", "codex", 2, False, "They pass."),
    ]


def test_a_history_that_grows_touches_only_what_it_speaks_of(typed, agp, rows):
    for n in range(5):
        typed(f"Prompt {n}.", n, f"s{n}")
    agp("ingest")
    typed("One more.", 9, "s3")
    from lanes.ingest.plan import sql
    from lanes.ingest.run import ingest

    ingest()
    assert rows("select count(*) from v_exchanges") == [(6,)]
    assert rows("select read_from, records from files") == [(5, 6)]
    assert "read_from" in sql("touched")


@pytest.mark.parametrize("cut", [7, 60, 150, 260])
def test_a_history_cut_anywhere_and_odd_rows_are_read_as_far_as_they_go(
    home, typed, agp, rows, kept, cut
):
    typed("First.", 1)
    typed("Half \ud83d of it.", 2)
    path = home / ".claude" / "history.jsonl"
    odd = b'{"display": 4, "timestamp": "soon"}\n{"display": "NaN time", "timestamp": NaN}\n'
    whole = path.read_bytes() + odd
    path.write_bytes(whole[:cut])
    agp("ingest")
    path.write_bytes(whole)
    agp("ingest")
    assert sorted(row[0] for row in rows(SEEN)) == ["First.", "Half � of it.", "NaN time"]
    assert kept(path)[-1] == whole


@pytest.fixture
def pasted(home):
    """Return a function that puts a text into the paste cache."""

    def keep(digest: str, text: str) -> None:
        path = home / ".claude" / "paste-cache" / f"{digest}.txt"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)

    return keep


PASTES = {"1": {"id": 1, "type": "text", "contentHash": "9f"}}
PASTES |= {"2": {"id": 2, "type": "text", "contentHash": "a0"}}
ASKED = "Why? [Pasted text #1 +2 lines] and [Pasted text #2 +1 lines]"
WHOLE = "Why? one\n[Pasted text #2] and two"


@pytest.mark.parametrize("order", ["before", "after", "one by one"])
def test_pastes_are_taken_from_the_cache_whenever_they_come(typed, pasted, agp, rows, order):
    if order == "before":
        pasted("9f", "one\n[Pasted text #2]")
        pasted("a0", "two")
    typed(ASKED, 1, "gone", pastedContents=PASTES)
    agp("ingest")
    pasted("9f", "one\n[Pasted text #2]")
    if order == "one by one":
        agp("ingest")
        assert rows("select prompt from v_exchanges") == [(ASKED,)]
    pasted("a0", "two")
    agp("ingest")
    assert rows("select prompt, prompt_only from v_exchanges") == [(WHOLE, True)]
    agp("warehouse", "diff")
    typed("And now?", 9, "gone")
    agp("ingest")
    assert rows("select prompt from v_exchanges order by asked_at") == [(WHOLE,), ("And now?",)]


def test_a_filled_prompt_is_a_sighting_of_its_transcripts(claude_tree, typed, pasted, agp, rows):
    s = claude_tree()
    s.person("Why? one and two")
    s.agent("Because.")
    typed(ASKED, 1.01, pastedContents=PASTES)
    pasted("9f", "one")
    pasted("a0", "two")
    agp("ingest")
    assert rows(SEEN) == [("Why? one and two", "claude", 2, False, "Because.")]
